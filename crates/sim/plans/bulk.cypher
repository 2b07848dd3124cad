UNWIND range(1, $count) AS n CREATE (:Bulk {serial: $serial, n: n})
