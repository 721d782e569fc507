package dev.baton.server.torture;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One request and what must come back.
 *
 * @param id goes out and comes back as {@code x-request-id}; unique within a run
 * @param target method and path, for reports
 * @param bytes the request as it goes on the wire
 * @param body computed when it is compared, so that a pipeline of large ones costs no memory
 * @param closing whether the request asks for the end of the connection
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Exchange(
    Kind kind,
    String id,
    String target,
    byte[] bytes,
    int status,
    @Nullable String contentType,
    Framing framing,
    Supplier<byte[]> body,
    boolean closing) {

  enum Framing {
    LENGTH,
    CHUNKED
  }

  enum Outcome {
    OK,
    WRONG,
    LOST,
    CROSSED,
    ABORTED,
    NO_FILE
  }

  /** The outcome for {@code response}, and what is wrong with it. */
  Verdict check(Response response) {
    String responseId = response.header("x-request-id");
    if (!id.equals(responseId)) {
      return new Verdict(
          responseId == null ? Outcome.WRONG : Outcome.CROSSED,
          "carries x-request-id " + responseId + ", status " + response.status());
    }
    if (status != response.status()) {
      return wrong("has status " + response.status() + ", expected " + status + response.text());
    }
    if (!Objects.equals(contentType, response.header("content-type"))) {
      return wrong("has content-type " + response.header("content-type"));
    }
    if (framing != response.framing()) {
      return wrong("is framed by " + response.framing() + ", expected " + framing);
    }
    byte[] expected = body.get();
    int at = Arrays.mismatch(expected, response.body());
    if (at >= 0) {
      return wrong(
          String.format(
              Locale.ROOT,
              "has %d body bytes of %d and differs from byte %d on: expected %s, got %s",
              response.body().length,
              expected.length,
              at,
              excerpt(expected, at),
              excerpt(response.body(), at)));
    }
    return new Verdict(Outcome.OK, "");
  }

  /** Whether its handler could not open its file, and was answered for. */
  boolean hasNoFile(Response response) {
    return kind == Kind.FILE
        && response.status() == 500
        && id.equals(response.header("x-request-id"));
  }

  private static Verdict wrong(String reason) {
    return new Verdict(Outcome.WRONG, reason);
  }

  private static String excerpt(byte[] bytes, int from) {
    return HexFormat.of().formatHex(bytes, from, Math.min(bytes.length, from + 16));
  }

  @Override
  public String toString() {
    return target + " (" + kind + ", " + id + ")";
  }

  record Verdict(Outcome outcome, String reason) {}
}
