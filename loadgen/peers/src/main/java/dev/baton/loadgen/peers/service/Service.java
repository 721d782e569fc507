package dev.baton.loadgen.peers.service;

import java.util.function.IntFunction;

/**
 * The service of all peers: {@code GET /fast}, {@code /block/{ms}}, {@code /native/{ms}}, {@code
 * /cpu/{kiloIterations}} and {@code POST /orders}, with the answers of Baton's demo service.
 *
 * <p>Plain blocking Java on purpose: what a server makes of a handler that blocks or computes is
 * what the peers are compared by. Any thread; keeps no state.
 */
public final class Service {
  private static final Answer OK = Answer.text(200, "ok");
  private static final int MAX_MILLIS = 60_000;
  private static final int MAX_KILO_ITERATIONS = 1_000_000;

  private Service() {}

  /** Whether a request of this method has a body to be read first. */
  public static boolean hasBody(String method) {
    return method.equals("POST");
  }

  /**
   * Answers a request on the calling thread, for as long as it takes.
   *
   * @param path without query
   * @param body empty if there is none
   */
  public static Answer answer(String method, String path, byte[] body) {
    try {
      int slash = path.indexOf('/', 1);
      return switch (slash < 0 ? path : path.substring(0, slash + 1)) {
        case "/fast" -> get(method, OK);
        case "/block/" -> get(method, path, slash, MAX_MILLIS, Service::block);
        case "/native/" -> get(method, path, slash, MAX_MILLIS, Service::nativeSleep);
        case "/cpu/" -> get(method, path, slash, MAX_KILO_ITERATIONS, Service::cpu);
        case "/orders" ->
            method.equals("POST") ? Answer.json(Orders.price(body)) : wrongMethod("POST");
        default -> Answer.text(404, "no such path: GET /fast is one\n");
      };
    } catch (IllegalArgumentException e) {
      return Answer.text(400, e.getMessage() + "\n");
    }
  }

  private static Answer get(String method, Answer answer) {
    return method.equals("GET") ? answer : wrongMethod("GET");
  }

  private static Answer get(
      String method, String path, int slash, int max, IntFunction<Answer> action) {
    return method.equals("GET")
        ? action.apply(parameter(path.substring(slash + 1), max))
        : wrongMethod("GET");
  }

  private static Answer wrongMethod(String right) {
    return Answer.text(405, "wrong method: use " + right + "\n");
  }

  private static int parameter(String text, int max) {
    try {
      int value = Integer.parseInt(text);
      if (value >= 0 && value <= max) {
        return value;
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("'" + text + "' is not an integer in 0.." + max, e);
    }
    throw new IllegalArgumentException("'" + text + "' is not an integer in 0.." + max);
  }

  private static Answer block(int millis) {
    try {
      Thread.sleep(millis);
      return Answer.text(200, "slept " + millis + " ms");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Answer.text(503, "interrupted: try again\n");
    }
  }

  private static Answer nativeSleep(int millis) {
    NativeSleep.sleep(millis);
    return Answer.text(200, "slept " + millis + " ms in native code");
  }

  /**
   * What {@code kiloIterations * 1000} steps of xorshift64* make of its seed, in hexadecimal.
   *
   * @see <a href="https://doi.org/10.1145/2845077">Vigna, An experimental exploration of
   *     Marsaglia's xorshift generators, scrambled</a>
   */
  private static Answer cpu(int kiloIterations) {
    long x = 0x9E3779B97F4A7C15L;
    for (long i = kiloIterations * 1_000L; i > 0; i--) {
      x ^= x >>> 12;
      x ^= x << 25;
      x ^= x >>> 27;
    }
    return Answer.text(200, Long.toHexString(x * 0x2545F4914F6CDD1DL));
  }
}
