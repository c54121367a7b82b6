//! Certificates made at test time by openssl, good ones and bad ones, and a server that shows them.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

const CURVE: &str = "ec -pkeyopt ec_paramgen_curve:prime256v1";

const NAMES: &str = "subjectAltName=DNS:files.example,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n";

const LONG_AGO: &str = "-startdate 20010101000000Z -enddate 20020101000000Z";

const FAR_OFF: &str = "-startdate 20900101000000Z -enddate 20910101000000Z";

/// What `openssl ca` insists on.
const SETTINGS: &str = "[ca]\ndefault_ca=it\n[it]\ndatabase=index\nserial=serial\nnew_certs_dir=.\n\
    default_md=sha256\npolicy=any\ncertificate=ca.pem\nprivate_key=ca.key\nunique_subject=no\n\
    [any]\ncommonName=supplied\n";

/// A folder with an authority `ca.pem`, another one, `other.pem`, and certificates of servers, each
/// with its key beside it.
pub struct Authority {
    folder: TempDir,
}

impl Authority {
    pub fn new() -> Authority {
        let authority = Authority { folder: tempfile::tempdir().unwrap() };
        authority.root("ca", "ca");
        authority.root("other", "other");
        // The same name, another key.
        authority.root("false", "ca");
        authority.write("names", NAMES);
        authority.write("settings", SETTINGS);
        authority.write("index", "");
        authority.write("serial", "1000\n");
        authority
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path().join(name)).unwrap()
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    fn openssl(&self, arguments: &str) {
        let mut command = Command::new("openssl");
        command.args(arguments.split_whitespace()).current_dir(self.path());
        let ended = command.stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "openssl {arguments}: {said}");
    }

    fn root(&self, name: &str, called: &str) {
        let files = format!("-keyout {name}.key -out {name}.pem");
        self.openssl(&format!(
            "req -x509 -newkey {CURVE} -nodes {files} -days 30 -subj /CN={called}"
        ));
    }

    fn request(&self, name: &str, kind: &str) {
        let files = format!("-keyout {name}.key -out {name}.csr");
        self.openssl(&format!("req -newkey {kind} -nodes {files} -subj /CN=files.example"));
    }

    /// A certificate for files.example and 127.0.0.1, signed by `by`; `more` goes to openssl.
    pub fn sign(&self, name: &str, by: &str, more: &str) {
        self.sign_key(name, CURVE, by, more);
    }

    /// The same with a key of some kind.
    pub fn sign_key(&self, name: &str, kind: &str, by: &str, more: &str) {
        self.request(name, kind);
        let signer = format!("-CA {by}.pem -CAkey {by}.key -CAcreateserial -days 30");
        let extensions = if more.contains("-extfile") { "" } else { "-extfile names" };
        self.openssl(&format!(
            "x509 -req -in {name}.csr {signer} {extensions} {more} -out {name}.pem"
        ));
    }

    /// A certificate whose time is not now.
    pub fn sign_dated(&self, name: &str, is_over: bool) {
        self.request(name, CURVE);
        let dates = if is_over { LONG_AGO } else { FAR_OFF };
        self.openssl(&format!(
            "ca -batch -config settings -in {name}.csr -extfile names {dates} -out {name}.pem \
             -notext"
        ));
    }

    /// A certificate that signed itself.
    pub fn sign_itself(&self, name: &str) {
        self.request(name, CURVE);
        self.openssl(&format!(
            "x509 -req -in {name}.csr -signkey {name}.key -days 30 -extfile names -out {name}.pem"
        ));
    }

    /// `openssl s_server` with a certificate; `more` goes to it.
    pub fn serve(&self, name: &str, more: &str) -> Server {
        let mut command = Command::new("openssl");
        command.args(["s_server", "-accept", "127.0.0.1:0", "-naccept", "1"]);
        command.args(["-cert", &format!("{name}.pem"), "-key", &format!("{name}.key")]);
        command.args(more.split_whitespace()).current_dir(self.path());
        // It ends when its input does.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.find_map(|line| line.unwrap().strip_prefix("ACCEPT ")?.parse().ok());
        // What it says further is not read: a few lines, which the pipe holds.
        let address = address.unwrap_or_else(|| panic!("s_server {name} {more} does not listen"));
        Server { address, child }
    }
}

/// A server of openssl that ends with it.
pub struct Server {
    pub address: SocketAddr,
    child: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}
