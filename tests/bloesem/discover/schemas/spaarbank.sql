-- Like a small bank, in Dutch, without one foreign key: joint accounts, counterparties, mandates, cards, an audit log, KYC.
CREATE TABLE tbl_kantoor (kantoor_id serial PRIMARY KEY, naam varchar(60) NOT NULL, gemeente varchar(60));
CREATE TABLE tbl_adviseur (adviseur_id serial PRIMARY KEY, voornaam varchar(40) NOT NULL, achternaam varchar(40) NOT NULL, e_mail varchar(100), kantoor_id int NOT NULL);
CREATE TABLE tbl_klant (klant_id serial PRIMARY KEY, klantnr varchar(12) NOT NULL UNIQUE, voornaam varchar(40) NOT NULL, achternaam varchar(40) NOT NULL, geboortedatum date NOT NULL, rijksregisternr char(11), emailadres varchar(100), gsm varchar(20), straat varchar(80), huisnr varchar(8), postcode varchar(8), gemeente varchar(60), adviseur_id int, klant_sinds date NOT NULL, klant_tot date);
CREATE TABLE tbl_rekening (rekening_id serial PRIMARY KEY, iban varchar(34) NOT NULL UNIQUE, soort varchar(10) NOT NULL, saldo_cent bigint NOT NULL DEFAULT 0, geopend_op date NOT NULL, gesloten_op date);
CREATE TABLE tbl_rekeninghouder (rekening_id int NOT NULL, klant_id int NOT NULL, rol varchar(20) NOT NULL, sinds date NOT NULL, PRIMARY KEY (rekening_id, klant_id));
CREATE TABLE tbl_verrichting (verrichting_id bigserial PRIMARY KEY, rekening_id int NOT NULL, boekdatum date NOT NULL, bedrag_cent bigint NOT NULL, tegenpartij_naam varchar(80), tegenpartij_iban varchar(34), mededeling varchar(140));
CREATE TABLE tbl_volmacht (volmacht_id serial PRIMARY KEY, rekening_id int NOT NULL, gevolmachtigde_id int NOT NULL, van date NOT NULL, tot date);
CREATE TABLE tbl_kaart (kaart_id serial PRIMARY KEY, rekening_id int NOT NULL, houder_id int NOT NULL, kaartnummer varchar(19) NOT NULL, vervalt_op date NOT NULL);
CREATE TABLE tbl_kyc_document (document_id serial PRIMARY KEY, klant_id int NOT NULL, soort varchar(20) NOT NULL, documentnummer varchar(20), bestand varchar(120), nagekeken_door varchar(40), nagekeken_op date);
CREATE TABLE tbl_gesprek (gesprek_id serial PRIMARY KEY, klant_id int NOT NULL, adviseur_id int NOT NULL, gevoerd_op timestamptz NOT NULL, verslag text);
CREATE TABLE tbl_auditlog (log_id bigserial PRIMARY KEY, tijdstip timestamptz NOT NULL, medewerker_id int, actie varchar(40) NOT NULL, object_type varchar(20) NOT NULL, object_id int NOT NULL, ip_adres varchar(45));
CREATE TABLE tbl_rentevoet (rentevoet_id serial PRIMARY KEY, soort varchar(10) NOT NULL, percentage numeric(5,3) NOT NULL, vanaf date NOT NULL);
INSERT INTO tbl_kantoor (naam, gemeente) VALUES ('Centrum', 'Gent'), ('Haven', 'Antwerpen'), ('Station', 'Leuven');
INSERT INTO tbl_adviseur (voornaam, achternaam, e_mail, kantoor_id) SELECT (ARRAY['Eva', 'Tom', 'Lies'])[1 + i % 3], 'Adviseur' || i, 'adviseur' || i || '@spaarbank.example', 1 + i % 3 FROM generate_series(1, 8) i;
INSERT INTO tbl_klant (klantnr, voornaam, achternaam, geboortedatum, rijksregisternr, emailadres, gsm, straat, huisnr, postcode, gemeente, adviseur_id, klant_sinds, klant_tot)
  SELECT 'KD-' || lpad((4000 + i)::text, 6, '0'), (ARRAY['Ann', 'Piet', 'Zoé', 'Joris'])[1 + i % 4], (ARRAY['Peeters', 'Janssens', 'Maes'])[1 + i % 3] || 'zoon' || i, date '1950-01-01' + i * 60, lpad((n * 100 + 97 - n % 97)::text, 11, '0'), 'klant' || i || '@post.example', '+32470' || 200000 + i, 'Kerkstraat', i::text, '9000', 'Gent', 1 + i % 8, date '2015-01-01' + i, CASE WHEN i % 10 = 6 THEN date '2022-03-01' + i END
  FROM (SELECT i, ((50 + i % 45)::bigint * 10000 + 101 + i % 9 * 100) * 1000 + 10 + i AS n FROM generate_series(1, 200) i) x;
INSERT INTO tbl_rekening (iban, soort, saldo_cent, geopend_op)
  SELECT 'BE' || lpad((98 - (c * 1000000 + 111400) % 97)::text, 2, '0') || lpad(c::text, 12, '0'), CASE WHEN i % 3 = 0 THEN 'spaar' ELSE 'zicht' END, i * 1000, date '2016-01-01' + i
  FROM (SELECT i, (9790000000 + i) * 100 + CASE WHEN (9790000000 + i) % 97 = 0 THEN 97 ELSE (9790000000 + i) % 97 END AS c FROM generate_series(1, 240) i) x ORDER BY i;
INSERT INTO tbl_rekeninghouder SELECT i, 1 + (i - 1) % 200, 'titularis', date '2016-01-01' + i FROM generate_series(1, 240) i;
INSERT INTO tbl_rekeninghouder SELECT i, 1 + i % 200, 'medetitularis', date '2016-01-01' + i FROM generate_series(1, 240, 4) i;
INSERT INTO tbl_verrichting (rekening_id, boekdatum, bedrag_cent, tegenpartij_naam, tegenpartij_iban, mededeling)
  SELECT 1 + i % 240, date '2024-01-01' + i % 700, i * 7 % 90000 - 40000, 'Tegenpartij ' || i % 90, (SELECT iban FROM tbl_rekening WHERE rekening_id = 1 + (i * 7) % 240), 'Betaling nummer ' || i || ' van deze maand' FROM generate_series(1, 3000) i;
INSERT INTO tbl_volmacht (rekening_id, gevolmachtigde_id, van) SELECT 1 + i * 5 % 240, 1 + i * 11 % 200, date '2020-01-01' + i FROM generate_series(1, 60) i;
INSERT INTO tbl_kaart (rekening_id, houder_id, kaartnummer, vervalt_op) SELECT i, 1 + (i - 1) % 200, p || (10 - (SELECT sum(CASE WHEN k % 2 = 1 THEN d * 2 - CASE WHEN d > 4 THEN 9 ELSE 0 END ELSE d END) FROM (SELECT k, substr(p, k, 1)::int AS d FROM generate_series(1, 15) k) y) % 10) % 10, date '2028-01-01' + i FROM (SELECT i, '411111' || lpad((i * 37)::text, 9, '0') AS p FROM generate_series(1, 240) i) x;
INSERT INTO tbl_kyc_document (klant_id, soort, documentnummer, bestand, nagekeken_door, nagekeken_op) SELECT i, 'identiteitskaart', '592-' || 1000000 + i, '/scans/' || i || '.pdf', (ARRAY['Eva Maes', 'Tom Claes'])[1 + i % 2], date '2022-01-01' + i FROM generate_series(1, 200) i;
INSERT INTO tbl_gesprek (klant_id, adviseur_id, gevoerd_op, verslag) SELECT 1 + i % 200, 1 + i % 8, now() - i * interval '5 hour', 'Wil in het voorjaar een huis kopen met de hulp van familie, gesprek ' || i FROM generate_series(1, 300) i;
INSERT INTO tbl_auditlog (tijdstip, medewerker_id, actie, object_type, object_id, ip_adres) SELECT now() - i * interval '1 minute', 1 + i % 8, 'gelezen', CASE WHEN i % 2 = 0 THEN 'klant' ELSE 'rekening' END, 1 + i % 200, '10.2.' || i % 200 || '.' || i % 250 FROM generate_series(1, 1500) i;
INSERT INTO tbl_rentevoet (soort, percentage, vanaf) VALUES ('spaar', 1.25, '2024-01-01'), ('zicht', 0, '2024-01-01');
