//! The room that knows the world.
