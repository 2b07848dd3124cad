CREATE (:Write {serial: $serial, client: $client})
