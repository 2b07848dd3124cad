// Ordinary use of the Neo4j Go driver, as an application has it. Run as: ordinary_use HOST:PORT
//
// Knows nothing of Samyama but an address. Each check prints one line of JSON.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
)

type check struct {
	name string
	work func(context.Context, neo4j.DriverWithContext) error
}

func label() string { return fmt.Sprintf("G%d", time.Now().UnixNano()) }

func expect(holds bool, format string, values ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(format, values...)
}

func query(ctx context.Context, d neo4j.DriverWithContext, text string, p map[string]any) (*neo4j.EagerResult, error) {
	return neo4j.ExecuteQuery(ctx, d, text, p, neo4j.EagerResultTransformer)
}

func value(ctx context.Context, d neo4j.DriverWithContext, text string, p map[string]any) (any, error) {
	result, err := query(ctx, d, text, p)
	if err != nil {
		return nil, err
	}
	if len(result.Records) != 1 {
		return nil, fmt.Errorf("one row was due, there are %d", len(result.Records))
	}
	return result.Records[0].Values[0], nil
}

var checks = []check{
	{"connectivity_and_server_info", func(ctx context.Context, d neo4j.DriverWithContext) error {
		info, err := d.GetServerInfo(ctx)
		if err != nil {
			return err
		}
		return expect(strings.HasPrefix(info.Agent(), "Neo4j/5.") && info.ProtocolVersion().Minor == 8, "%s", info.Agent())
	}},
	{"managed_transactions", func(ctx context.Context, d neo4j.DriverWithContext) error {
		name := label()
		session := d.NewSession(ctx, neo4j.SessionConfig{})
		defer session.Close(ctx)
		if _, err := session.ExecuteWrite(ctx, func(tx neo4j.ManagedTransaction) (any, error) {
			for i := 0; i < 5; i++ {
				if _, err := tx.Run(ctx, "CREATE (:"+name+" {i: $i})", map[string]any{"i": i}); err != nil {
					return nil, err
				}
			}
			return nil, nil
		}); err != nil {
			return err
		}
		planted := errors.New("planted")
		if _, err := session.ExecuteWrite(ctx, func(tx neo4j.ManagedTransaction) (any, error) {
			if _, err := tx.Run(ctx, "CREATE (:"+name+" {i: 100})", nil); err != nil {
				return nil, err
			}
			return nil, planted
		}); !errors.Is(err, planted) {
			return fmt.Errorf("the function's own error was due, there came %v", err)
		}
		sum, err := session.ExecuteRead(ctx, func(tx neo4j.ManagedTransaction) (any, error) {
			result, err := tx.Run(ctx, "MATCH (n:"+name+") RETURN sum(n.i)", nil)
			if err != nil {
				return nil, err
			}
			record, err := result.Single(ctx)
			if err != nil {
				return nil, err
			}
			return record.Values[0], nil
		})
		if err != nil {
			return err
		}
		return expect(sum == int64(10), "the sum is %v", sum)
	}},
	{"explicit_transactions", func(ctx context.Context, d neo4j.DriverWithContext) error {
		name := label()
		session := d.NewSession(ctx, neo4j.SessionConfig{})
		defer session.Close(ctx)
		for _, commits := range []bool{true, false} {
			tx, err := session.BeginTransaction(ctx)
			if err != nil {
				return err
			}
			if _, err = tx.Run(ctx, "CREATE (:"+name+")", nil); err != nil {
				return err
			}
			if commits {
				err = tx.Commit(ctx)
			} else {
				err = tx.Rollback(ctx)
			}
			if err != nil {
				return err
			}
		}
		count, err := value(ctx, d, "MATCH (n:"+name+") RETURN count(n)", nil)
		if err != nil {
			return err
		}
		return expect(count == int64(1), "%v nodes", count)
	}},
	{"bookmarks_carry_writes_to_other_sessions", func(ctx context.Context, d neo4j.DriverWithContext) error {
		name := label()
		var bookmarks neo4j.Bookmarks
		for number := int64(1); number <= 10; number++ {
			writer := d.NewSession(ctx, neo4j.SessionConfig{Bookmarks: bookmarks})
			result, err := writer.Run(ctx, "CREATE (:"+name+")", nil)
			if err != nil {
				return err
			}
			if _, err = result.Consume(ctx); err != nil {
				return err
			}
			bookmarks = writer.LastBookmarks()
			writer.Close(ctx)
			reader := d.NewSession(ctx, neo4j.SessionConfig{Bookmarks: bookmarks, AccessMode: neo4j.AccessModeRead})
			found, err := reader.Run(ctx, "MATCH (n:"+name+") RETURN count(n)", nil)
			if err != nil {
				return err
			}
			record, err := found.Single(ctx)
			if err != nil {
				return err
			}
			reader.Close(ctx)
			if record.Values[0] != number {
				return fmt.Errorf("%v of %d writes were seen", record.Values[0], number)
			}
		}
		return nil
	}},
	{"many_rows_in_small_helpings", func(ctx context.Context, d neo4j.DriverWithContext) error {
		session := d.NewSession(ctx, neo4j.SessionConfig{FetchSize: 10})
		defer session.Close(ctx)
		result, err := session.Run(ctx, "UNWIND range(1, 10000) AS i RETURN i", nil)
		if err != nil {
			return err
		}
		next := int64(1)
		for result.Next(ctx) {
			if result.Record().Values[0] != next {
				return fmt.Errorf("%v instead of %d", result.Record().Values[0], next)
			}
			next++
		}
		return expect(next == 10001 && result.Err() == nil, "%d rows, %v", next, result.Err())
	}},
	{"counters_and_query_type", func(ctx context.Context, d neo4j.DriverWithContext) error {
		result, err := query(ctx, d, "CREATE (a:"+label()+" {x: 1})-[:R]->(b)", nil)
		if err != nil {
			return err
		}
		c := result.Summary.Counters()
		return expect(c.NodesCreated() == 2 && c.RelationshipsCreated() == 1 && c.PropertiesSet() == 1 &&
			result.Summary.StatementType() == neo4j.StatementTypeWriteOnly, "%v", c)
	}},
	{"errors_have_codes_and_are_not_retried", func(ctx context.Context, d neo4j.DriverWithContext) error {
		for text, code := range map[string]string{
			"RETRUN 1":     "Neo.ClientError.Statement.SyntaxError",
			"RETURN 1 / 0": "Neo.ClientError.Statement.ArithmeticError",
		} {
			_, err := query(ctx, d, text, nil)
			var failure *neo4j.Neo4jError
			if !errors.As(err, &failure) || failure.Code != code {
				return fmt.Errorf("%s: %v", text, err)
			}
			if neo4j.IsRetryable(err) {
				return fmt.Errorf("%s would be tried again for nothing", text)
			}
		}
		return nil
	}},
	{"timeouts_stop_a_query", func(ctx context.Context, d neo4j.DriverWithContext) error {
		session := d.NewSession(ctx, neo4j.SessionConfig{})
		defer session.Close(ctx)
		slow := "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b WITH a * b AS c WHERE c < 0 RETURN count(c)"
		result, err := session.Run(ctx, slow, nil, neo4j.WithTxTimeout(300*time.Millisecond))
		if err == nil {
			_, err = result.Consume(ctx)
		}
		return expect(err != nil && strings.Contains(err.Error(), "TransactionTimedOut"), "%v", err)
	}},
	{"every_value_comes_back_as_it_was", func(ctx context.Context, d neo4j.DriverWithContext) error {
		stockholm, err := time.LoadLocation("Europe/Stockholm")
		if err != nil {
			return err
		}
		values := []any{
			nil, true, false, int64(0), int64(-17), int64(1 << 40), int64(-1 << 63), 1.5, "", "naïve \x00 𝒳", []byte{0, 255},
			[]any{int64(1), nil, "x"}, map[string]any{"a": []any{int64(1)}},
			neo4j.DurationOf(14, -3, 70, 5), neo4j.Point2D{X: 1, Y: -2.5, SpatialRefId: 7203},
			neo4j.Point3D{X: 1, Y: 2, Z: 3, SpatialRefId: 4979},
			neo4j.DateOf(time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)),
		}
		for _, sent := range values {
			came, err := value(ctx, d, "RETURN $value", map[string]any{"value": sent})
			if err != nil {
				return fmt.Errorf("%v: %w", sent, err)
			}
			if !reflect.DeepEqual(sent, came) {
				return fmt.Errorf("sent %#v, came %#v", sent, came)
			}
		}
		for _, sent := range []time.Time{
			time.Date(2024, 7, 1, 12, 30, 15, 5, stockholm),
			time.Date(1969, 12, 31, 23, 59, 59, 999999999, time.FixedZone("Offset", -19800)),
		} {
			came, err := value(ctx, d, "RETURN $value", map[string]any{"value": sent})
			if err != nil {
				return err
			}
			if !came.(time.Time).Equal(sent) {
				return fmt.Errorf("sent %v, came %v", sent, came)
			}
		}
		return nil
	}},
	{"nodes_relationships_and_paths", func(ctx context.Context, d neo4j.DriverWithContext) error {
		name := label()
		result, err := query(ctx, d, "CREATE p = (a:"+name+" {i: 1})-[r:KNOWS]->(b:"+name+") RETURN a, r, p", nil)
		if err != nil {
			return err
		}
		row := result.Records[0]
		a, r, p := row.Values[0].(neo4j.Node), row.Values[1].(neo4j.Relationship), row.Values[2].(neo4j.Path)
		return expect(a.Labels[0] == name && a.Props["i"] == int64(1) && r.StartElementId == a.ElementId &&
			r.Type == "KNOWS" && len(p.Nodes) == 2 && p.Nodes[0].ElementId == a.ElementId, "%v %v %v", a, r, p)
	}},
}

func main() {
	ctx := context.Background()
	driver, err := neo4j.NewDriverWithContext("neo4j://"+os.Args[1], neo4j.NoAuth())
	if err != nil {
		panic(err)
	}
	defer driver.Close(ctx)
	names := []string{}
	for _, c := range checks {
		names = append(names, c.name)
	}
	out := json.NewEncoder(os.Stdout)
	out.Encode(map[string]any{"driver": "neo4j-go-driver 5.28.4", "checks": names})
	failed := 0
	for _, c := range checks {
		line := map[string]any{"check": c.name, "error": nil}
		if err := c.work(ctx, driver); err != nil {
			failed++
			line["error"] = err.Error()
		}
		out.Encode(line)
	}
	if failed > 0 {
		os.Exit(1)
	}
}
