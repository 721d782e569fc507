package dev.baton.server.torture;

import dev.baton.server.torture.Exchange.Framing;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/** The kinds of requests, each with its share of the mix. */
public enum Kind {
  FAST(20) {
    @Override
    Exchange create(Draft draft) {
      return draft.get("/fast").text("ok");
    }
  },
  BLOCK(8) {
    @Override
    Exchange create(Draft draft) {
      int millis = draft.random.nextInt(1, 21);
      return draft.get("/block/" + millis).text("slept " + millis + " ms");
    }
  },
  NATIVE(8) {
    @Override
    Exchange create(Draft draft) {
      int millis = draft.random.nextInt(1, 21);
      return draft.get("/native/" + millis).text("slept " + millis + " ms in native code");
    }
  },
  CPU(6) {
    @Override
    Exchange create(Draft draft) {
      int kilo = draft.random.nextInt(1, Oracle.MAX_KILO_ITERATIONS + 1);
      return draft.get("/cpu/" + kilo).text(Oracle.cpu(kilo));
    }
  },
  TIMER(8) {
    @Override
    Exchange create(Draft draft) {
      int millis = draft.random.nextInt(1, 21);
      return draft.get("/timer/" + millis).text("waited " + millis + " ms");
    }
  },
  FILE(8) {
    @Override
    Exchange create(Draft draft) {
      int kib = draft.size(Oracle.MAX_FILE_KIB);
      return draft.get("/file/" + kib).bytes(Framing.LENGTH, () -> Oracle.file(kib));
    }
  },
  STREAM(8) {
    @Override
    Exchange create(Draft draft) {
      int kib = draft.size(1_024);
      long seed = draft.random.nextLong();
      return draft
          .get("/stream/" + kib + "?seed=" + seed)
          .bytes(Framing.CHUNKED, () -> Oracle.pattern(seed, kib * 1024));
    }
  },
  /** Falls asleep with half of the response written. */
  STREAM_WITH_PAUSE(6) {
    @Override
    Exchange create(Draft draft) {
      int kib = draft.size(1_024);
      long seed = draft.random.nextLong();
      int pause = draft.random.nextInt(1, 21);
      return draft
          .get("/stream/" + kib + "?seed=" + seed + "&pause=" + pause)
          .bytes(Framing.CHUNKED, () -> Oracle.pattern(seed, kib * 1024));
    }
  },
  ECHO_WITH_LENGTH(8) {
    @Override
    Exchange create(Draft draft) {
      long seed = draft.random.nextLong();
      int length = draft.size(MAX_ECHO_BYTES + 1) - 1;
      return draft
          .post("/echo", "application/octet-stream", Oracle.pattern(seed, length))
          .bytes(Framing.LENGTH, () -> Oracle.pattern(seed, length));
    }
  },
  ECHO_CHUNKED(8) {
    @Override
    Exchange create(Draft draft) {
      long seed = draft.random.nextLong();
      int length = draft.size(MAX_ECHO_BYTES + 1) - 1;
      return draft
          .postChunked("/echo", "application/octet-stream", Oracle.pattern(seed, length))
          .bytes(Framing.CHUNKED, () -> Oracle.pattern(seed, length));
    }
  },
  ORDER(6) {
    @Override
    Exchange create(Draft draft) {
      var order = new Order(draft.random);
      return draft.post("/orders", "application/json", utf8(order.json)).json(200, order.answer());
    }
  },
  BAD_ORDER(3) {
    @Override
    Exchange create(Draft draft) {
      String good = new Order(draft.random).json;
      return switch (draft.random.nextInt(3)) {
        case 0 ->
            draft
                .post("/orders", "application/json", utf8(good.replace("customer", "client")))
                .problem(400, "customer", null, "is missing", "the request needs it");
        case 1 ->
            draft
                .postChunked(
                    "/orders",
                    "application/json",
                    utf8(good.replaceFirst("\"quantity\":\\d+", "\"quantity\":0")))
                .problem(
                    400,
                    "items[0].quantity",
                    "0",
                    "is out of range",
                    "give an integer in 1..10000");
        default ->
            draft
                .post("/orders", "application/json", utf8("[1]"))
                .problem(400, "body", "[1]", "has the wrong type", "give an object");
      };
    }
  },
  HUGE_ORDER(1) {
    @Override
    Exchange create(Draft draft) {
      byte[] body = Oracle.pattern(0, (1 << 20) + draft.random.nextInt(1, 1_000));
      return draft
          .post("/orders", "application/json", body)
          .problem(413, "body", null, "is larger than 1048576 bytes", "send less at a time");
    }
  },
  UNKNOWN_PATH(2) {
    @Override
    Exchange create(Draft draft) {
      return draft
          .post("/nowhere", "text/plain", Oracle.pattern(1, draft.size(65_536)))
          .problem(404, "path", "/nowhere", "is unknown", "GET / lists the routes");
    }
  },
  WRONG_METHOD(2) {
    @Override
    Exchange create(Draft draft) {
      return draft
          .postChunked("/fast", "text/plain", Oracle.pattern(1, draft.size(65_536)))
          .problem(405, "method", "POST", "does not fit /fast", "use GET");
    }
  },
  /** Its handler throws, which the server logs with its stack. */
  FAIL(1) {
    @Override
    Exchange create(Draft draft) {
      return draft.get("/fail").failure();
    }
  };

  static final int MAX_ECHO_BYTES = 1 << 20;

  /** The share of the mix, relative to the other kinds that take part. */
  final int weight;

  Kind(int weight) {
    this.weight = weight;
  }

  abstract Exchange create(Draft draft);

  /** Those that leave nothing in the log. */
  static Set<Kind> quiet() {
    return EnumSet.complementOf(EnumSet.of(FAIL));
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** A request in the making. */
  static final class Draft {
    final SplittableRandom random;

    private final Kind kind;
    private final String id;
    private final boolean closing;
    private String target = "";
    private byte[] bytes = {};

    Draft(Kind kind, String id, boolean closing, SplittableRandom random) {
      this.kind = kind;
      this.id = id;
      this.closing = closing;
      this.random = random;
    }

    /** A size in 1..max, as likely between 1 and 10 as between 10,000 and 100,000. */
    int size(int max) {
      return (int) Math.min(max, Math.pow(max + 1.0, random.nextDouble()));
    }

    Draft get(String path) {
      target = "GET " + path;
      bytes = utf8(head(""));
      return this;
    }

    Draft post(String path, String contentType, byte[] body) {
      target = "POST " + path;
      var request = new ByteArrayOutputStream();
      String length = "content-length: " + body.length + "\r\n";
      request.writeBytes(utf8(head(contentType(contentType) + length)));
      request.writeBytes(body);
      bytes = request.toByteArray();
      return this;
    }

    Draft postChunked(String path, String contentType, byte[] body) {
      target = "POST " + path;
      var request = new ByteArrayOutputStream();
      String chunked = "transfer-encoding: chunked\r\n";
      request.writeBytes(utf8(head(contentType(contentType) + chunked)));
      for (int from = 0; from < body.length; ) {
        int length = Math.min(size(16_384), body.length - from);
        request.writeBytes(utf8(Integer.toHexString(length) + "\r\n"));
        request.write(body, from, length);
        request.writeBytes(utf8("\r\n"));
        from += length;
      }
      request.writeBytes(utf8("0\r\n\r\n"));
      bytes = request.toByteArray();
      return this;
    }

    private String head(String headers) {
      String connection = closing ? "connection: close\r\n" : "";
      String host = "host: torture\r\nx-request-id: " + id + "\r\n";
      return target + " HTTP/1.1\r\n" + host + connection + headers + "\r\n";
    }

    private static String contentType(String contentType) {
      return "content-type: " + contentType + "\r\n";
    }

    Exchange text(String body) {
      return expect(200, "text/plain", Framing.LENGTH, () -> utf8(body));
    }

    Exchange bytes(Framing framing, Supplier<byte[]> body) {
      return expect(200, "application/octet-stream", framing, body);
    }

    Exchange json(int status, String body) {
      return expect(status, "application/json", Framing.LENGTH, () -> utf8(body));
    }

    Exchange problem(
        int status, String field, @Nullable String value, String reason, String remedy) {
      String title =
          switch (status) {
            case 400 -> "Bad Request";
            case 404 -> "Not Found";
            case 405 -> "Method Not Allowed";
            default -> "Request Entity Too Large";
          };
      String subject = field + (value == null ? "" : "=" + value);
      String body =
          "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":\"%s %s: %s\""
              .formatted(title, status, subject, reason, remedy);
      body += ",\"field\":\"" + field + "\"";
      body += value == null ? "" : ",\"value\":\"" + value + "\"";
      body +=
          ",\"reason\":\"%s\",\"remedy\":\"%s\",\"requestId\":\"%s\"}"
              .formatted(reason, remedy, id);
      byte[] expected = utf8(body);
      return expect(status, "application/problem+json", Framing.LENGTH, () -> expected);
    }

    /** Of a handler that throws. */
    Exchange failure() {
      String body =
          "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500,"
              + "\"detail\":\"request failed here: quote the request id in a report\","
              + "\"reason\":\"failed here\",\"remedy\":\"quote the request id in a report\","
              + "\"requestId\":\""
              + id
              + "\"}";
      return expect(500, "application/problem+json", Framing.LENGTH, () -> utf8(body));
    }

    private Exchange expect(
        int status, String contentType, Framing framing, Supplier<byte[]> body) {
      return new Exchange(kind, id, target, bytes, status, contentType, framing, body, closing);
    }
  }

  /** A random valid order, and the answer to it. */
  private static final class Order {
    final String json;

    private final String customer;
    private final CRC32 checksum = new CRC32();
    private long pieces;
    private long cents;

    Order(SplittableRandom random) {
      customer = "customer " + random.nextInt(1_000);
      checksum.update(utf8(customer + "\n"));
      var items = new StringBuilder();
      for (int left = random.nextInt(1, 200); left > 0; left--) {
        String sku = "sku-" + random.nextInt(100_000);
        int quantity = random.nextInt(1, 10_001);
        int price = random.nextInt(0, 100_000_001);
        pieces += quantity;
        cents += (long) quantity * price;
        checksum.update(utf8(sku + "," + quantity + "," + price + "\n"));
        items
            .append(items.isEmpty() ? "" : ",")
            .append("{\"sku\":\"%s\",\"quantity\":%d,".formatted(sku, quantity))
            .append("\"unitPriceCents\":%d}".formatted(price));
      }
      json = "{\"customer\":\"" + customer + "\",\"items\":[" + items + "]}";
    }

    String answer() {
      long tax = (cents * 19 + 50) / 100;
      return String.format(
          Locale.ROOT,
          "{\"customer\":\"%s\",\"pieces\":%d,\"subtotalCents\":%d,\"taxCents\":%d,"
              + "\"totalCents\":%d,\"checksum\":\"%08x\"}",
          customer,
          pieces,
          cents,
          tax,
          cents + tax,
          checksum.getValue());
    }
  }
}
