Feature: Right answers

  Background:
    Given an empty graph
    And having executed:
      """
      CREATE (:A {num: 1, list: [1, 2]})-[:T {w: 0.5}]->(:B {name: 'it\'s'})
      """

  Scenario: scalars in order
    When executing query:
      """
      UNWIND [1, 2.0, 'x', null, true] AS a RETURN a, [a, 1] AS b
      """
    Then the result should be, in order:
      | a    | b         |
      | 1    | [1, 1]    |
      | 2.0  | [2.0, 1]  |
      | 'x'  | ['x', 1]  |
      | null | [null, 1] |
      | true | [true, 1] |
    And no side effects

  Scenario: entities in any order
    When executing query:
      """
      MATCH p = (b)<-[r]-(a) RETURN a, r, b, p, {k: a.list} AS m
      """
    Then the result should be, in any order:
      | a                          | r             | b                    | p                                                                | m           |
      | (:A {num: 1, list: [1, 2]}) | [:T {w: 0.5}] | (:B {name: 'it\\'s'}) | <(:B {name: 'it\\'s'})<-[:T {w: 0.5}]-(:A {list: [1, 2], num: 1})> | {k: [1, 2]} |
    And no side effects

  Scenario: lists in any order
    When executing query:
      """
      MATCH (n) RETURN collect(n.num) + [3, 2] AS x
      """
    Then the result should be (ignoring element order for lists):
      | x         |
      | [2, 3, 1] |
    And no side effects

  Scenario: writes
    When executing query:
      """
      MATCH (a:A) CREATE (a)-[:U]->(:C {k: 1}) SET a.num = 2
      """
    Then the result should be empty
    And the side effects should be:
      | +nodes         | 1 |
      | +relationships | 1 |
      | +labels        | 1 |
      | +properties    | 2 |
      | -properties    | 1 |
    When executing control query:
      """
      MATCH (c:C) RETURN c.k
      """
    Then the result should be, in any order:
      | c.k |
      | 1   |

  Scenario: an error
    When executing query:
      """
      RETURN missing
      """
    Then a SyntaxError should be raised at compile time: UndefinedVariable

  Scenario Outline: procedures and parameters
    And parameters are:
      | wanted | <number> |
    And there exists a procedure some.codes(in :: INTEGER?) :: (out :: STRING?):
      | in   | out  |
      | 1    | 'a'  |
      | 1    | 'b'  |
      | null | 'no' |
    When executing query:
      """
      CALL some.codes($wanted)
      """
    Then the result should be, in any order:
      | out     |
      | <found> |

    Examples:
      | number | found |
      | null   | 'no'  |

  # The background's two nodes and the one of the named graph.
  Scenario: a named graph
    Given the binary-tree-1 graph
    When executing query:
      """
      MATCH (n) RETURN count(n)
      """
    Then the result should be, in any order:
      | count(n) |
      | 3        |
