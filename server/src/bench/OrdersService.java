import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import java.util.zip.CRC32;

/**
 * POST /orders of the demo, as it is written by hand on stock Vert.x: field by field.
 *
 * <pre>
 * java -cp server/target/baton-server.jar server/src/bench/OrdersService.java --port=N
 * </pre>
 */
void main(String[] args) {
  int port = Integer.parseInt(args[0].substring("--port=".length()));
  VertxOptions options = new VertxOptions().setEventLoopPoolSize(1).setPreferNativeTransport(true);
  Vertx.vertx(options).createHttpServer().requestHandler(this::handle).listen(port).await();
}

void handle(HttpServerRequest request) {
  if (request.path().equals("/orders")) {
    request.body().onSuccess(body -> answer(request, body));
  } else {
    request.response().end("ready");
  }
}

void answer(HttpServerRequest request, Buffer body) {
  try {
    Buffer receipt = price(body.toJsonObject()).toBuffer();
    request.response().putHeader("content-type", "application/json").end(receipt);
  } catch (DecodeException | ClassCastException | IllegalArgumentException bad) {
    request.response().setStatusCode(400).end(bad.getMessage());
  }
}

JsonObject price(JsonObject order) {
  String customer = order.getString("customer");
  require(customer != null && !customer.isBlank() && customer.length() <= 200, "customer");
  JsonArray items = order.getJsonArray("items");
  require(items != null && !items.isEmpty() && items.size() <= 10_000, "items");
  var canonical = new StringBuilder(customer).append('\n');
  long pieces = 0;
  long subtotal = 0;
  for (int i = 0; i < items.size(); i++) {
    JsonObject item = items.getJsonObject(i);
    String sku = item.getString("sku");
    Integer quantity = item.getInteger("quantity");
    Integer cents = item.getInteger("unitPriceCents");
    require(sku != null && SKU.matcher(sku).matches(), "sku");
    require(quantity != null && quantity >= 1 && quantity <= 10_000, "quantity");
    require(cents != null && cents >= 0 && cents <= 100_000_000, "unitPriceCents");
    pieces += quantity;
    subtotal += (long) quantity * cents;
    canonical.append(sku).append(',').append(quantity).append(',').append(cents).append('\n');
  }
  long tax = (subtotal * 19 + 50) / 100;
  var crc = new CRC32();
  crc.update(canonical.toString().getBytes(StandardCharsets.UTF_8));
  return new JsonObject()
      .put("customer", customer)
      .put("pieces", pieces)
      .put("subtotalCents", subtotal)
      .put("taxCents", tax)
      .put("totalCents", subtotal + tax)
      .put("checksum", String.format("%08x", crc.getValue()));
}

void require(boolean holds, String field) {
  if (!holds) {
    throw new IllegalArgumentException(field);
  }
}

static final Pattern SKU = Pattern.compile("[A-Za-z0-9._-]{1,64}");
