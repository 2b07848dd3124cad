UNWIND [1, 0] AS divisor CREATE (:Junk {serial: $serial, quotient: 1 / divisor})
