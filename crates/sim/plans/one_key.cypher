CREATE CONSTRAINT register_key FOR (r:Register) REQUIRE r.key IS UNIQUE
