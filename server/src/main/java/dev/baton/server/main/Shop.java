package dev.baton.server.main;

import dev.baton.stages.Problem;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Who has logged in at the demo service, and what they have ordered. It keeps neither: tokens and
 * ids carry what they stand for, and a signature by a key that ends with the process. Whoever gives
 * a name is trusted, without a password. Any thread.
 */
final class Shop {
  /** How long an order is pending. */
  static final Duration DELIVERY = Duration.ofMillis(250);

  private static final String ALGORITHM = "HmacSHA256";
  private static final String SCHEME = "Bearer ";
  private static final int MAX_USER_LENGTH = 64;
  private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();

  private final InstantSource clock;
  private final SecretKeySpec key;

  private Shop(InstantSource clock, SecretKeySpec key) {
    this.clock = clock;
    this.key = key;
  }

  /** A shop with a key of its own. */
  static Shop open(InstantSource clock) {
    byte[] key = new byte[32];
    new SecureRandom().nextBytes(key);
    return new Shop(clock, new SecretKeySpec(key, ALGORITHM));
  }

  /**
   * The token of a user.
   *
   * @throws Problem 400 unless the name has 1..64 characters
   */
  String token(@Nullable String user) {
    if (user == null || user.isBlank() || user.length() > MAX_USER_LENGTH) {
      throw new Problem(
          400,
          "user",
          user,
          user == null ? "is missing" : user.isBlank() ? "is blank" : "is too long",
          "give a name of 1.." + MAX_USER_LENGTH + " characters, such as ?user=ada");
    }
    String name = ENCODER.encodeToString(user.getBytes(StandardCharsets.UTF_8));
    return name + "." + signature(name);
  }

  /**
   * Whose token an {@code authorization} header shows.
   *
   * @throws Problem 401 if that is none of this shop's
   */
  String user(@Nullable String authorization) {
    if (authorization != null && authorization.startsWith(SCHEME)) {
      String token = authorization.substring(SCHEME.length());
      int dot = token.indexOf('.');
      if (dot > 0 && isSigned(token.substring(0, dot), token.substring(dot + 1))) {
        byte[] name = Base64.getUrlDecoder().decode(token.substring(0, dot));
        return new String(name, StandardCharsets.UTF_8);
      }
    }
    // A token is a secret: it is not repeated.
    throw new Problem(
        401,
        "authorization",
        null,
        authorization == null ? "is missing" : "shows no token of this process",
        "POST /login?user=ada answers one; send it as 'authorization: Bearer TOKEN'");
  }

  /** Takes an order of {@code user}, and answers its id. */
  String place(String user) {
    String placed = Long.toString(clock.millis());
    return placed + "-" + signature(user + " " + placed);
  }

  /**
   * Whether an order has been delivered.
   *
   * @throws Problem 404 if {@code user} has no such order
   */
  boolean isDone(String user, String id) {
    int dash = id.indexOf('-');
    String placed = id.substring(0, Math.max(0, dash));
    if (!isSigned(user + " " + placed, id.substring(dash + 1))) {
      throw new Problem(
          404, "id", id, "is no order of this user", "POST /orders answers it in its location");
    }
    return clock.millis() - Long.parseLong(placed) >= DELIVERY.toMillis();
  }

  private boolean isSigned(String text, String signature) {
    return MessageDigest.isEqual(
        signature(text).getBytes(StandardCharsets.UTF_8),
        signature.getBytes(StandardCharsets.UTF_8));
  }

  private String signature(String text) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(key);
      return ENCODER.encodeToString(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
    } catch (GeneralSecurityException absent) {
      throw new IllegalStateException(ALGORITHM + " is in every Java runtime", absent);
    }
  }
}
