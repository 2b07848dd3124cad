// Ordinary use of the Neo4j Java driver, as an application has it. Run as: java -cp 'jars/*' OrdinaryUse.java HOST:PORT
//
// Knows nothing of Samyama but an address. Each check prints one line of JSON.

import java.time.*;
import java.util.*;
import java.util.function.*;
import org.neo4j.driver.*;
import org.neo4j.driver.Record;
import org.neo4j.driver.exceptions.*;
import org.neo4j.driver.summary.QueryType;
import org.neo4j.driver.types.*;

public class OrdinaryUse {
    interface Check {
        void run(Driver driver) throws Exception;
    }

    static final Map<String, Check> CHECKS = new LinkedHashMap<>();
    static final String SLOW =
        "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b WITH a * b AS c WHERE c < 0 RETURN count(c)";

    static String label() {
        return "J" + UUID.randomUUID().toString().replace("-", "");
    }

    static void expect(boolean holds, Object what) {
        if (!holds) throw new AssertionError(String.valueOf(what));
    }

    static Value value(Driver driver, String query, Map<String, Object> parameters) {
        List<Record> records = driver.executableQuery(query).withParameters(parameters).execute().records();
        expect(records.size() == 1, records.size() + " rows");
        return records.get(0).get(0);
    }

    static Neo4jException raised(Runnable work) {
        try {
            work.run();
        } catch (Neo4jException error) {
            return error;
        }
        throw new AssertionError("an error was due");
    }

    static {
        CHECKS.put("connectivity_and_server_info", driver -> {
            driver.verifyConnectivity();
            try (Session session = driver.session()) {
                var server = session.run("RETURN 1").consume().server();
                expect(server.agent().startsWith("Neo4j/5.") && server.protocolVersion().equals("5.8"), server);
            }
        });
        CHECKS.put("managed_transactions", driver -> {
            String name = label();
            try (Session session = driver.session()) {
                session.executeWriteWithoutResult(tx -> {
                    for (int i = 0; i < 5; i++) tx.run("CREATE (:" + name + " {i: $i})", Map.of("i", i));
                });
                try {
                    session.executeWriteWithoutResult(tx -> {
                        tx.run("CREATE (:" + name + " {i: 100})").consume();
                        throw new IllegalStateException("planted");
                    });
                    throw new AssertionError("the function's own error was due");
                } catch (IllegalStateException planted) {
                    // as it should be
                }
                long sum = session.executeRead(tx -> tx.run("MATCH (n:" + name + ") RETURN sum(n.i)").single().get(0).asLong());
                expect(sum == 10, sum);
            }
        });
        CHECKS.put("explicit_transactions", driver -> {
            String name = label();
            try (Session session = driver.session()) {
                try (Transaction tx = session.beginTransaction()) {
                    tx.run("CREATE (:" + name + ")");
                    tx.commit();
                }
                try (Transaction tx = session.beginTransaction()) {
                    tx.run("CREATE (:" + name + ")"); // left without a commit
                }
            }
            expect(value(driver, "MATCH (n:" + name + ") RETURN count(n)", Map.of()).asLong() == 1, "one was committed");
        });
        CHECKS.put("bookmarks_carry_writes_to_other_sessions", driver -> {
            String name = label();
            Set<Bookmark> bookmarks = Set.of();
            for (int number = 1; number <= 10; number++) {
                try (Session writer = driver.session(SessionConfig.builder().withBookmarks(bookmarks).build())) {
                    writer.run("CREATE (:" + name + ")").consume();
                    bookmarks = writer.lastBookmarks();
                }
                var reading = SessionConfig.builder().withBookmarks(bookmarks).withDefaultAccessMode(AccessMode.READ).build();
                try (Session reader = driver.session(reading)) {
                    long seen = reader.run("MATCH (n:" + name + ") RETURN count(n)").single().get(0).asLong();
                    expect(seen == number, seen + " of " + number);
                }
            }
        });
        CHECKS.put("many_rows_in_small_helpings", driver -> {
            try (Session session = driver.session(SessionConfig.builder().withFetchSize(10).build())) {
                long next = 1;
                for (Result result = session.run("UNWIND range(1, 10000) AS i RETURN i"); result.hasNext(); next++) {
                    expect(result.next().get(0).asLong() == next, next);
                }
                expect(next == 10001, next);
            }
        });
        CHECKS.put("counters_and_query_type", driver -> {
            var summary = driver.executableQuery("CREATE (a:" + label() + " {x: 1})-[:R]->(b)").execute().summary();
            var counters = summary.counters();
            expect(counters.nodesCreated() == 2 && counters.relationshipsCreated() == 1, counters);
            expect(summary.queryType() == QueryType.WRITE_ONLY, summary.queryType());
        });
        CHECKS.put("errors_have_codes_and_are_not_retried", driver -> {
            Map<String, String> codes = Map.of(
                "RETRUN 1", "Neo.ClientError.Statement.SyntaxError",
                "RETURN 1 / 0", "Neo.ClientError.Statement.ArithmeticError");
            codes.forEach((query, code) -> {
                Neo4jException error = raised(() -> driver.executableQuery(query).execute());
                expect(error.code().equals(code), query + ": " + error.code());
                expect(!(error instanceof RetryableException), query + " would be tried again for nothing");
            });
        });
        CHECKS.put("timeouts_stop_a_query", driver -> {
            try (Session session = driver.session()) {
                var config = TransactionConfig.builder().withTimeout(Duration.ofMillis(300)).build();
                Neo4jException error = raised(() -> session.run(SLOW, config).consume());
                expect(error.code().contains("TransactionTimedOut"), error.code());
            }
        });
        CHECKS.put("every_value_comes_back_as_it_was", driver -> {
            List<Object> values = new ArrayList<>(List.of(
                true, false, 0L, -17L, 1L << 40, Long.MIN_VALUE, 1.5, "", "naïve \0 𝒳", List.of(1L, "x"), Map.of("a", List.of(1L)),
                LocalDate.of(2024, 2, 29), LocalTime.of(23, 59, 59, 999_999_999), OffsetTime.of(12, 0, 0, 1, ZoneOffset.ofHours(2)),
                LocalDateTime.of(2024, 2, 29, 23, 59, 59, 1),
                ZonedDateTime.of(2024, 7, 1, 12, 30, 15, 5, ZoneId.of("Europe/Stockholm")),
                ZonedDateTime.of(1969, 12, 31, 23, 59, 59, 999_999_999, ZoneOffset.ofHoursMinutes(-5, -30))));
            values.add(null);
            for (Object sent : values) {
                Map<String, Object> parameters = new HashMap<>();
                parameters.put("value", sent);
                Object came = value(driver, "RETURN $value", parameters).asObject();
                expect(Objects.equals(sent, came), "sent " + sent + ", came " + came);
            }
            byte[] bytes = {0, -1, 127};
            expect(Arrays.equals(value(driver, "RETURN $value", Map.of("value", bytes)).asByteArray(), bytes), "bytes");
            for (Value sent : List.of(Values.isoDuration(14, -3, 70, 5), Values.point(7203, 1, -2.5), Values.point(4979, 1, 2, 3))) {
                expect(value(driver, "RETURN $value", Map.of("value", sent)).equals(sent), sent);
            }
        });
        CHECKS.put("nodes_relationships_and_paths", driver -> {
            String name = label();
            Record row = driver.executableQuery("CREATE p = (a:" + name + " {i: 1})-[r:KNOWS]->(b:" + name + ") RETURN a, r, p")
                .execute().records().get(0);
            Node a = row.get("a").asNode();
            Relationship r = row.get("r").asRelationship();
            Path p = row.get("p").asPath();
            expect(a.hasLabel(name) && a.get("i").asLong() == 1, a);
            expect(r.hasType("KNOWS") && r.startNodeElementId().equals(a.elementId()), r);
            expect(p.length() == 1 && p.start().elementId().equals(a.elementId()), p);
        });
    }

    static String quoted(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') out.append('\\').append(c);
            else if (c < ' ') out.append(String.format("\\u%04x", (int) c));
            else out.append(c);
        }
        return out.append('"').toString();
    }

    public static void main(String[] arguments) {
        var logging = Config.builder().withLogging(Logging.none()).build();
        int failed = 0;
        try (Driver driver = GraphDatabase.driver("neo4j://" + arguments[0], AuthTokens.none(), logging)) {
            var names = CHECKS.keySet().stream().map(OrdinaryUse::quoted).toList();
            System.out.println("{\"driver\": \"neo4j-java-driver 6.2.1\", \"checks\": " + names + "}");
            for (var check : CHECKS.entrySet()) {
                String error = "null";
                try {
                    check.getValue().run(driver);
                } catch (Throwable problem) {
                    failed++;
                    error = quoted(problem.toString());
                }
                System.out.println("{\"check\": " + quoted(check.getKey()) + ", \"error\": " + error + "}");
            }
        }
        System.exit(failed > 0 ? 1 : 0);
    }
}
