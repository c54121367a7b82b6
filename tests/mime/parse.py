"""Reads every message of a folder with Python's email package, and says what it understood.

    python3 parse.py FOLDER     one JSON object a line, in the order of the names

Both parsers of the package read each message: that of `policy.default`, and the older one of
`policy.compat32`, whose results are "names" (of files) and "old_subject".
"""

import base64
import email
import email.header
import email.policy
import json
import pathlib
import sys


def mailboxes(message, name):
    field = message[name]
    return [[a.display_name, a.addr_spec] for a in field.addresses] if field else []


def defects(part):
    found = [str(defect) for defect in part.defects]
    for name, field in part.items():
        found += [f"{name}: {defect}" for defect in getattr(field, "defects", ())]
    if part.is_multipart():
        for inner in part.iter_parts():
            found += defects(inner)
    return found


def leaves(message):
    texts, files = [], []
    for part in message.walk():
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        entry = {
            "type": part.get_content_type(),
            "content": base64.b64encode(content).decode(),
        }
        if part.get_content_disposition() is None:
            texts.append(entry)
        else:
            entry["name"] = part.get_filename()
            entry["disposition"] = part.get_content_disposition()
            entry["id"] = part["Content-ID"]
            files.append(entry)
    return texts, files


def names(message, old):
    """For each file its name as the older parser reads it, and as a parameter of the newer one."""
    parts = zip(old.walk(), message.walk())
    return [
        [part.get_filename(), new["Content-Disposition"].params.get("filename")]
        for part, new in parts
        if part["Content-Disposition"]
    ]


def old_subject(old):
    """The subject as the older parser reads it, unfolded."""
    value = old["Subject"]
    if value is None:
        return None
    value = value.replace("\r\n", "").replace("\n", "")
    return str(email.header.make_header(email.header.decode_header(value)))


for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    old = email.message_from_bytes(path.read_bytes())
    texts, files = leaves(message)
    date = message["Date"].datetime
    report = {
        "from": mailboxes(message, "From"),
        "to": mailboxes(message, "To"),
        "cc": mailboxes(message, "Cc"),
        "bcc": mailboxes(message, "Bcc"),
        "subject": message["Subject"],
        "date": int(date.timestamp()),
        "id": message["Message-ID"],
        "texts": texts,
        "files": files,
        "names": names(message, old),
        "old_subject": old_subject(old),
        "references": message["References"],
        "sweep": message["X-Sweep"],
        "defects": defects(message),
    }
    print(json.dumps(report))
