package dev.baton.loadgen.peers.service;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * Prices an order: JSON in, a small computation, JSON out; the same as {@code POST /orders} of
 * Baton's demo service.
 */
final class Orders {
  private static final int TAX_PERCENT = 19;

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .build();

  private Orders() {}

  record Item(@Nullable String sku, int quantity, int unitPriceCents) {}

  record Order(@Nullable String customer, @Nullable List<Item> items) {}

  record Priced(
      String customer,
      long pieces,
      long subtotalCents,
      long taxCents,
      long totalCents,
      String checksum) {}

  /**
   * Computes the answer to an order.
   *
   * @throws IllegalArgumentException if it is malformed or lacks something
   */
  static byte[] price(byte[] body) {
    try {
      return MAPPER.writeValueAsBytes(price(MAPPER.readValue(body, Order.class)));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("the body is no order: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Priced price(Order order) {
    String customer = required("customer", order.customer());
    var canonical = new StringBuilder(customer).append('\n');
    long pieces = 0;
    long subtotal = 0;
    for (var item : required("items", order.items())) {
      String sku = required("sku", item.sku());
      pieces += item.quantity();
      subtotal += (long) item.quantity() * item.unitPriceCents();
      canonical.append(sku).append(',').append(item.quantity()).append(',');
      canonical.append(item.unitPriceCents()).append('\n');
    }
    long tax = (subtotal * TAX_PERCENT + 50) / 100;
    var crc = new CRC32();
    crc.update(canonical.toString().getBytes(StandardCharsets.UTF_8));
    String checksum = String.format("%08x", crc.getValue());
    return new Priced(customer, pieces, subtotal, tax, subtotal + tax, checksum);
  }

  private static <T> T required(String name, @Nullable T value) {
    if (value == null) {
      throw new IllegalArgumentException("the order lacks '" + name + "'");
    }
    return value;
  }
}
