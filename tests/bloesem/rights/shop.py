"""A shop that nobody here designed: its schema, its map, and invented people with a canary in every text column."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from tests.databases import Database

from bloesem.datamap.load import read_map
from bloesem.policy.company import load_company
from bloesem.rights.graph import Graph, build
from bloesem.rights.identify import Who
from bloesem.rights.judge import Judge, compile_foreign
from bloesem.rights.requests import Desk
from bloesem.stores.postgres import Connection
from bloesem.stores.schema import read_schema

REPOSITORY = Path(__file__).resolve().parents[3]
MINIMAL = REPOSITORY / "company" / "minimal"
NOW = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
ON = dt.date(2026, 11, 1)

SCHEMA = """
CREATE TABLE customer (id int PRIMARY KEY, created_at timestamptz NOT NULL, closed_at timestamptz, email text UNIQUE,
    alt_email text, name varchar(40) NOT NULL);
CREATE TABLE product (id int PRIMARY KEY, title text);
CREATE TABLE purchase (id int PRIMARY KEY, created_at timestamptz NOT NULL, customer_id int REFERENCES customer,
    product_id int REFERENCES product, lines text, invoice_number text, invoiced_on date);
CREATE TABLE purchase_line (id int PRIMARY KEY, purchase_id int NOT NULL REFERENCES purchase ON DELETE CASCADE, note text);
CREATE TABLE message (id int PRIMARY KEY, sender_id int, receiver_id int, sender_name text, receiver_name text, body text,
    reply_to int REFERENCES message);
CREATE TABLE attachment (id uuid PRIMARY KEY, file text);
CREATE TABLE message_attachment (message_id int REFERENCES message, attachment_id uuid REFERENCES attachment,
    PRIMARY KEY (message_id, attachment_id));
CREATE TABLE note (id int PRIMARY KEY, subject_type text, subject_id text, body text);
CREATE TABLE mail_log (recipient text, subject text);
CREATE INDEX ON message (sender_id);
"""

MAP = """
dataset:
  - fides_key: shop
    meta: {schema: public, guarded: false}
    collections:
      - name: customer
        meta:
          holds: people
          recorded: created_at
          events:
            - {event: customer.started, at: created_at}
            - {event: customer.ended, at: closed_at}
          default_source: checkout
        fields:
          - {name: id}
          - {name: created_at, meta: {key: true}}
          - {name: closed_at, meta: {key: true}}
          - {name: email, data_categories: [identity.email], fides_meta: {identity: email}}
          - {name: alt_email, data_categories: [identity.email], fides_meta: {identity: email}}
          - {name: name, data_categories: [identity.name], meta: {erased: gone}}
      - name: product
        meta: {holds: reference, why: what is for sale}
        fields: [{name: id}, {name: title}]
      - name: purchase
        meta:
          recorded: created_at
          record_date: invoiced_on
          links: [{columns: [customer_id], to: customer, kind: owner}]
        fields:
          - {name: id}
          - {name: created_at, meta: {key: true}}
          - {name: customer_id}
          - {name: product_id}
          - {name: lines, data_categories: [order.lines]}
          - {name: invoice_number, data_categories: [order.invoice]}
          - {name: invoiced_on, meta: {key: true}}
      - name: purchase_line
        meta: {links: [{columns: [purchase_id], to: purchase, kind: owner}]}
        fields: [{name: id}, {name: purchase_id}, {name: note, data_categories: [order.lines]}]
      - name: message
        meta:
          links:
            - {columns: [sender_id], to: customer, kind: owner, erase: [sender_name], redact: [receiver_name]}
            - {columns: [receiver_id], to: customer, kind: shared, erase: [receiver_name], redact: [sender_name]}
            - {columns: [reply_to], to: message, kind: reference}
        fields:
          - {name: id}
          - {name: sender_id}
          - {name: receiver_id}
          - {name: sender_name, data_categories: [identity.name]}
          - {name: receiver_name, data_categories: [identity.name]}
          - {name: body, data_categories: [identity.name]}
          - {name: reply_to}
      - name: attachment
        fields: [{name: id}, {name: file, data_categories: [identity.name]}]
      - name: message_attachment
        meta:
          links:
            - {columns: [message_id], to: message, kind: owner}
            - {columns: [attachment_id], to: attachment, kind: owner, belongs: that}
        fields: [{name: message_id}, {name: attachment_id}]
      - name: note
        meta:
          links:
            - {columns: [subject_id], to: customer, kind: owner, when: {column: subject_type, equals: Customer}}
            - {columns: [subject_id], to: purchase, kind: owner, when: {column: subject_type, equals: Purchase}}
        fields: [{name: id}, {name: subject_type}, {name: subject_id}, {name: body, data_categories: [identity.name]}]
      - name: mail_log
        meta: {links: [{columns: [recipient], person: email, kind: owner}]}
        fields: [{name: recipient, data_categories: [identity.email]}, {name: subject, data_categories: [identity.name]}]
"""

#: Ann (1) bought something that was invoiced, and something that was not; Ben (2) wrote to her and she to him.
PEOPLE = """
INSERT INTO product VALUES (1, 'cable');
INSERT INTO customer VALUES
    (1, '2020-01-01', '2021-01-01', 'ann@mail.example', 'ann.alt@mail.example', 'canary-ann-name'),
    (2, '2020-01-01', NULL, 'ben@mail.example', NULL, 'canary-ben-name'),
    (3, '2020-01-01', NULL, 'cas@mail.example', 'ben@mail.example', 'canary-cas-name');
INSERT INTO purchase VALUES
    (10, '2020-02-01', 1, 1, 'canary-ann-lines', 'canary-ann-invoice', '2020-02-01'),
    (11, '2020-02-01', 1, 1, 'canary-ann-lines', NULL, NULL),
    (20, '2020-02-01', 2, 1, 'canary-ben-lines', NULL, '2020-02-01');
INSERT INTO purchase_line VALUES (100, 10, 'canary-ann-note'), (110, 11, 'canary-ann-note'), (200, 20, 'canary-ben-note');
INSERT INTO message VALUES
    (1, 1, 2, 'canary-ann-sends', 'canary-ben-receives', 'canary-ann-body', NULL),
    (2, 2, 1, 'canary-ben-sends', 'canary-ann-receives', 'canary-ben-body', 1);
INSERT INTO attachment VALUES
    ('00000000-0000-0000-0000-000000000001', 'canary-ann-file'), ('00000000-0000-0000-0000-000000000002', 'canary-ben-both');
INSERT INTO message_attachment VALUES
    (1, '00000000-0000-0000-0000-000000000001'), (1, '00000000-0000-0000-0000-000000000002'),
    (2, '00000000-0000-0000-0000-000000000002');
INSERT INTO note VALUES (1, 'Customer', '1', 'canary-ann-about'), (2, 'Customer', '2', 'canary-ben-about'),
    (3, 'Purchase', '11', 'canary-ann-order'), (4, 'Purchase', '1', 'canary-ben-nothing');
INSERT INTO mail_log VALUES ('ann@mail.example', 'canary-ann-mail'), ('Ann.Alt@mail.example', 'canary-cas-mail'),
    ('ben@mail.example', 'canary-ben-mail'), ('dan@mail.example', 'canary-dan-mail');
"""

ANN = ((Who("email", "ann@mail.example"),),)


def make(database: Database) -> None:
    with database.connect() as connection:
        connection.execute(SCHEMA.encode())
        connection.execute(PEOPLE.encode())


def map_file(folder: Path, text: str = MAP) -> Path:
    file = folder / "map.yaml"
    file.write_text(text, "utf-8")
    return file


def graph_of(connection: Connection, folder: Path, text: str = MAP) -> Graph:
    return build(read_map([map_file(folder, text)]), read_schema(connection))


def desk(connection: Connection, folder: Path, text: str = MAP, now: dt.datetime = NOW) -> Desk:
    company = load_company(MINIMAL)
    graph = graph_of(connection, folder, text)
    plan = compile_foreign(company, company.in_force(ON), graph, ON)
    return Desk(connection, graph, Judge(plan, graph, now))
