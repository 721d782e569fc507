package dev.baton.server.main;

import dev.baton.stages.Problem;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.Json;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * Prices an order: JSON in, a small computation, JSON out.
 *
 * <p>In: {@code {"customer":"…","items":[{"sku":"…","quantity":1,"unitPriceCents":100}]}}; unknown
 * fields are ignored. Out: the customer, the number of pieces, subtotal, tax and total in cents,
 * and the CRC-32 of {@code customer\n} followed by {@code sku,quantity,unitPriceCents\n} of each
 * item.
 */
final class Orders {
  static final int MAX_BODY_BYTES = 1 << 20;
  static final int TAX_PERCENT = 19;
  static final int MAX_ITEMS = 10_000;
  static final int MAX_CUSTOMER_LENGTH = 200;
  static final int MAX_QUANTITY = 10_000;
  static final int MAX_UNIT_PRICE_CENTS = 100_000_000;

  // What Jackson appends to a message: a source it does not show, and a place, which is worth
  // keeping.
  private static final Pattern PLACE =
      Pattern.compile("\\s*at \\[Source: [^;]*; (line: \\d+, column: \\d+)]");

  private static final Pattern SKU = Pattern.compile("[A-Za-z0-9._-]{1,64}");

  private Orders() {}

  /**
   * Computes the answer to {@code body}.
   *
   * @throws Problem 400 naming the first field that is missing, of the wrong type or out of range
   */
  static JsonObject price(Buffer body) {
    JsonObject order = parse(body);
    String customer = string(order, "", "customer");
    if (customer.isBlank() || customer.length() > MAX_CUSTOMER_LENGTH) {
      throw bad(
          "customer",
          customer,
          customer.isBlank() ? "is blank" : "is too long",
          "give a name of 1.." + MAX_CUSTOMER_LENGTH + " characters");
    }
    if (!(required(order, "", "items") instanceof JsonArray items)) {
      throw wrongType("items", order.getValue("items"), "an array");
    }
    if (items.isEmpty() || items.size() > MAX_ITEMS) {
      throw bad(
          "items", "[" + items.size() + "]", "is out of range", "give 1.." + MAX_ITEMS + " items");
    }
    var canonical = new StringBuilder(customer).append('\n');
    long pieces = 0;
    long subtotal = 0;
    for (int i = 0; i < items.size(); i++) {
      String at = "items[" + i + "]";
      if (!(items.getValue(i) instanceof JsonObject item)) {
        throw wrongType(at, items.getValue(i), "an object");
      }
      String sku = string(item, at + ".", "sku");
      if (!SKU.matcher(sku).matches()) {
        throw bad(
            at + ".sku",
            sku,
            "is not a stock keeping unit",
            "give 1..64 letters, digits, dots, dashes or underscores");
      }
      int quantity = integer(item, at + ".", "quantity", 1, MAX_QUANTITY);
      int unitPriceCents = integer(item, at + ".", "unitPriceCents", 0, MAX_UNIT_PRICE_CENTS);
      pieces += quantity;
      subtotal += (long) quantity * unitPriceCents;
      canonical.append(sku).append(',').append(quantity).append(',').append(unitPriceCents);
      canonical.append('\n');
    }
    long tax = (subtotal * TAX_PERCENT + 50) / 100;
    return new JsonObject()
        .put("customer", customer)
        .put("pieces", pieces)
        .put("subtotalCents", subtotal)
        .put("taxCents", tax)
        .put("totalCents", subtotal + tax)
        .put("checksum", checksum(canonical));
  }

  private static JsonObject parse(Buffer body) {
    if (body.length() == 0) {
      throw bad("body", null, "is empty", "send one object");
    }
    Object parsed;
    try {
      parsed = Json.decodeValue(body);
    } catch (DecodeException malformed) {
      String why = PLACE.matcher(String.valueOf(malformed.getMessage())).replaceAll(" at $1");
      throw bad("body", null, "is not JSON (" + why + ")", "send one object");
    }
    if (parsed instanceof JsonObject object) {
      return object;
    }
    throw wrongType("body", parsed, "an object");
  }

  private static Object required(JsonObject object, String prefix, String name) {
    Object value = object.getValue(name);
    if (value == null) {
      throw bad(
          prefix + name,
          null,
          object.containsKey(name) ? "is null" : "is missing",
          "the order needs it");
    }
    return value;
  }

  private static String string(JsonObject object, String prefix, String name) {
    if (required(object, prefix, name) instanceof String text) {
      return text;
    }
    throw wrongType(prefix + name, object.getValue(name), "a string");
  }

  private static int integer(JsonObject object, String prefix, String name, int min, int max) {
    Object value = required(object, prefix, name);
    if (!(value instanceof Number number)) {
      throw wrongType(prefix + name, value, "an integer in " + min + ".." + max);
    }
    // Compared as double: exact for the range, and right about 1.5, 1e40 and big integers.
    double asDouble = number.doubleValue();
    if (asDouble != Math.rint(asDouble) || asDouble < min || asDouble > max) {
      throw bad(prefix + name, value, "is out of range", "give an integer in " + min + ".." + max);
    }
    return number.intValue();
  }

  private static Problem wrongType(String field, @Nullable Object value, String expected) {
    return bad(field, value, "has the wrong type", "give " + expected);
  }

  private static Problem bad(String field, @Nullable Object value, String reason, String remedy) {
    return new Problem(400, field, value, reason, remedy);
  }

  private static String checksum(CharSequence canonical) {
    var crc = new CRC32();
    crc.update(canonical.toString().getBytes(StandardCharsets.UTF_8));
    return String.format("%08x", crc.getValue());
  }
}
