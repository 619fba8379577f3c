-- A physiotherapist's, in German: no foreign key, and a number of patients that no index holds unique.
CREATE TABLE patienten (id serial PRIMARY KEY, patientennr varchar(12) NOT NULL, anrede text, vorname text NOT NULL, nachname text NOT NULL,
  geburtsdatum date, email varchar(80) NOT NULL UNIQUE, telefon text, strasse text, hausnr text, plz text, ort text, kasse_id int, hausarzt text, kennwort_hash varchar(100) NOT NULL);
INSERT INTO patienten (patientennr, anrede, vorname, nachname, geburtsdatum, email, telefon, strasse, hausnr, plz, ort, kasse_id, hausarzt, kennwort_hash)
  SELECT 'P-' || 20000 + i, 'Frau', 'Eva', 'Maier' || i, '1950-01-01'::date + i * 100, 'p' || i || '@post.example', '030 1234' || 100 + i, 'Lindenweg', i::text,
    '10115', 'Berlin', 1 + i % 6, 'Dr. Kurz ' || i % 9, md5(i::text) FROM generate_series(1, 200) i;
CREATE TABLE mitarbeiter (id serial PRIMARY KEY, vorname text, nachname text, email text);
INSERT INTO mitarbeiter (vorname, nachname, email) SELECT 'Ida', 'Kurz' || i, 'm' || i || '@praxis.example' FROM generate_series(1, 12) i;
CREATE TABLE krankenkassen (id serial PRIMARY KEY, bezeichnung text, ik_nummer text);
INSERT INTO krankenkassen (bezeichnung, ik_nummer) SELECT 'Kasse ' || i, '10' || 1000 + i FROM generate_series(1, 6) i;
CREATE TABLE angehoerige (id serial PRIMARY KEY, patient_id int NOT NULL, name text, telefon text, beziehung text);
INSERT INTO angehoerige (patient_id, name, telefon, beziehung) SELECT i, 'Udo Maier', '030 5678' || 100 + i, 'Sohn' FROM generate_series(1, 90) i;
CREATE TABLE behandlungen (id serial PRIMARY KEY, patient_id int NOT NULL, behandler_id int, datum date, dauer_minuten int);
INSERT INTO behandlungen (patient_id, behandler_id, datum, dauer_minuten) SELECT 1 + i % 200, 1 + i % 12, '2024-01-01', 30 FROM generate_series(1, 400) i;
CREATE TABLE diagnosen (id serial PRIMARY KEY, behandlung_id int NOT NULL, icd10 varchar(8), befund text, freitext text, erfasst_am timestamp);
INSERT INTO diagnosen (behandlung_id, icd10, befund, freitext) SELECT i, 'M54.5', 'leicht', 'Schmerzen im unteren Rücken seit drei Wochen ' || i FROM generate_series(1, 300) i;
CREATE TABLE rezepte (id serial PRIMARY KEY, pat_nr varchar(12), ausgestellt_am date, anzahl int);
INSERT INTO rezepte (pat_nr, ausgestellt_am, anzahl) SELECT 'P-' || 20001 + i % 200, '2024-02-01', 6 FROM generate_series(1, 300) i;
CREATE TABLE kommentare (id serial PRIMARY KEY, autor_id int, inhalt text);
INSERT INTO kommentare (autor_id, inhalt) SELECT 1 + i % 12, 'Der Patient war heute sehr beweglich ' || i FROM generate_series(1, 100) i;
CREATE TABLE rechnungen (id serial PRIMARY KEY, rechnungsnr varchar(12) NOT NULL UNIQUE, patient_id int NOT NULL, rechnungsdatum date NOT NULL, betrag numeric(10, 2), erstellt_am timestamp);
INSERT INTO rechnungen (rechnungsnr, patient_id, rechnungsdatum, betrag) SELECT 'R' || 4000 + i, 1 + i % 200, '2024-03-01', 80 FROM generate_series(1, 300) i;
CREATE TABLE rechnungspositionen (id serial PRIMARY KEY, rechnung_id int NOT NULL, bezeichnung text, einzelpreis numeric(10, 2));
INSERT INTO rechnungspositionen (rechnung_id, bezeichnung, einzelpreis) SELECT i, 'Krankengymnastik', 40 FROM generate_series(1, 300) i;
