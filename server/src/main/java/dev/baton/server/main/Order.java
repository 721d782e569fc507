package dev.baton.server.main;

import dev.baton.stages.Problem;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;
import java.util.zip.CRC32;

/**
 * An order of the demo service, which prices it.
 *
 * @param customer 1..200 characters, not blank
 * @param items 1..10,000
 */
record Order(String customer, List<Item> items) {
  private static final int TAX_PERCENT = 19;
  private static final int MAX_CUSTOMER_LENGTH = 200;
  static final int MAX_ITEMS = 10_000;

  /**
   * One line of an order.
   *
   * @param sku 1..64 letters, digits, dots, dashes or underscores
   * @param quantity 1..10,000
   * @param unitPriceCents 0..100,000,000
   */
  record Item(String sku, int quantity, int unitPriceCents) {
    private static final Pattern SKU = Pattern.compile("[A-Za-z0-9._-]{1,64}");

    Item {
      if (!SKU.matcher(sku).matches()) {
        throw Problem.badField(
            "sku",
            sku,
            "is not a stock keeping unit",
            "give 1..64 letters, digits, dots, dashes or underscores");
      }
      check("quantity", quantity, 1, 10_000);
      check("unitPriceCents", unitPriceCents, 0, 100_000_000);
    }

    private static void check(String field, int value, int min, int max) {
      if (value < min || value > max) {
        throw Problem.badField(
            field, value, "is out of range", "give an integer in " + min + ".." + max);
      }
    }
  }

  /**
   * What an order costs.
   *
   * @param checksum the CRC-32 of {@code customer\n} followed by {@code
   *     sku,quantity,unitPriceCents\n} of each item, in hexadecimal
   */
  record Receipt(
      String customer,
      long pieces,
      long subtotalCents,
      long taxCents,
      long totalCents,
      String checksum) {}

  Order {
    if (customer.isBlank() || customer.length() > MAX_CUSTOMER_LENGTH) {
      throw Problem.badField(
          "customer",
          customer,
          customer.isBlank() ? "is blank" : "is too long",
          "give a name of 1.." + MAX_CUSTOMER_LENGTH + " characters");
    }
    if (items.isEmpty() || items.size() > MAX_ITEMS) {
      throw Problem.badField(
          "items", "[" + items.size() + "]", "is out of range", "give 1.." + MAX_ITEMS + " items");
    }
    for (int i = 0; i < items.size(); i++) {
      if (items.get(i) == null) {
        throw Problem.badField("items[" + i + "]", null, "is null", "the order needs it");
      }
    }
    items = List.copyOf(items);
  }

  Receipt price() {
    var canonical = new StringBuilder(customer).append('\n');
    long pieces = 0;
    long subtotal = 0;
    for (Item item : items) {
      pieces += item.quantity;
      subtotal += (long) item.quantity * item.unitPriceCents;
      canonical.append(item.sku).append(',').append(item.quantity).append(',');
      canonical.append(item.unitPriceCents).append('\n');
    }
    long tax = (subtotal * TAX_PERCENT + 50) / 100;
    return new Receipt(customer, pieces, subtotal, tax, subtotal + tax, checksum(canonical));
  }

  private static String checksum(CharSequence canonical) {
    var crc = new CRC32();
    crc.update(canonical.toString().getBytes(StandardCharsets.UTF_8));
    return String.format("%08x", crc.getValue());
  }
}
