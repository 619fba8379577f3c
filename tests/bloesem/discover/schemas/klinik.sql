-- A German clinic in capitals: natural keys, some declared keys, one log of addresses, a type column.
CREATE TABLE "PATIENTEN" ("PATNR" varchar(12) PRIMARY KEY, "VORNAME" varchar(40), "NACHNAME" varchar(40), "GEBDAT" date, "GESCHLECHT" char(1), "KRANKENKASSE" varchar(40), "HAUSARZT_NR" varchar(12));
CREATE TABLE "AERZTE" ("ARZTNR" varchar(12) PRIMARY KEY, "VORNAME" varchar(40), "NACHNAME" varchar(40), "FACHGEBIET" varchar(40));
CREATE TABLE "BEHANDLUNGEN" ("ID" bigint PRIMARY KEY, "PATNR" varchar(12) NOT NULL, "ARZTNR" varchar(12), "DIAGNOSE_CODE" varchar(8), "BEMERKUNG" text, "DATUM" date);
CREATE TABLE "DIAGNOSEN" ("CODE" varchar(8) PRIMARY KEY, "TEXT" varchar(80));
CREATE TABLE "REZEPTE" ("ID" bigint PRIMARY KEY, "BEHANDLUNG_ID" bigint NOT NULL REFERENCES "BEHANDLUNGEN", "MEDIKAMENT" varchar(60));
CREATE TABLE "TERMINE" ("ID" bigint PRIMARY KEY, "PATIENTENNUMMER" varchar(12), "ERSTELLT_VON" varchar(12), "BEGINN" timestamp);
CREATE TABLE "DATEIEN" ("ID" bigint PRIMARY KEY, "OBJEKT_TYP" varchar(20), "OBJEKT_ID" bigint, "PFAD" varchar(200));
CREATE TABLE "ZUGRIFFSPROTOKOLL" ("ID" bigint PRIMARY KEY, "EMAIL" varchar(100), "IP_ADRESSE" varchar(45), "ZEIT" timestamp);
INSERT INTO "AERZTE" SELECT 'A' || 1000 + i, 'Uwe', 'Lang', 'HNO' FROM generate_series(1, 12) i;
INSERT INTO "PATIENTEN" SELECT 'P' || 100000 + i, 'Ida', 'Kurz', date '1940-01-01' + i * 60, 'w', 'AOK', 'A' || 1001 + i % 12 FROM generate_series(1, 300) i;
INSERT INTO "DIAGNOSEN" SELECT 'J' || 10 + i, 'Husten' FROM generate_series(1, 20) i;
INSERT INTO "BEHANDLUNGEN" SELECT i, 'P' || 100001 + i % 300, 'A' || 1001 + i % 12, 'J' || 11 + i % 20, 'Kommt in zwei Wochen noch einmal vorbei', now() FROM generate_series(1, 500) i;
INSERT INTO "REZEPTE" SELECT i, i, 'Saft' FROM generate_series(1, 300) i;
INSERT INTO "TERMINE" SELECT i, 'P' || 100001 + i % 300, 'A' || 1001 + i % 12, now() FROM generate_series(1, 200) i;
INSERT INTO "DATEIEN" SELECT i, CASE WHEN i % 2 = 0 THEN 'Behandlung' ELSE 'Rezept' END, 1 + i % 300, '/d/' || i FROM generate_series(1, 100) i;
INSERT INTO "ZUGRIFFSPROTOKOLL" SELECT i, 'ida' || i || '@netz.example', '10.0.' || i % 200 || '.3', now() FROM generate_series(1, 100) i;
