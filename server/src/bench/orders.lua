wrk.method = "POST"
wrk.body = '{"customer":"Ada Lovelace","items":[{"sku":"tea-1","quantity":2,"unitPriceCents":450},{"sku":"cup.blue","quantity":12,"unitPriceCents":1299},{"sku":"kettle_9","quantity":1,"unitPriceCents":8950}]}'
wrk.headers["Content-Type"] = "application/json"
