package dev.baton.loadgen.schedule;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;

/**
 * When each request is meant to start, fixed before the run by a seed. Immutable; the same phases,
 * mix, arrivals and seed give the same bytes on every machine.
 *
 * <p>Requests with a rate of their own are streams of their own. The others share one stream at the
 * rest of the rate and are drawn from it by weight. In phases every stream keeps its share of the
 * rate.
 */
public final class Schedule {
  private static final int HASHED_ARRIVALS = 100_000;

  private final Phase[] phases;
  private final Arrivals arrivals;
  private final long seed;
  private final List<StreamSpec> streams;
  private final String hash;
  private final int mixSize;

  /** One stream: its share of the rate and the requests drawn from it. */
  private record StreamSpec(double share, List<Integer> requests, List<Double> weights) {}

  /**
   * One request of the mix, as the schedule sees it.
   *
   * @param rate requests per second of its own, or 0 to share the rest by weight
   * @param weight its weight among those that share, more than 0
   */
  public record Entry(double rate, double weight) {}

  /**
   * Creates the schedule; takes as long for an hour as for a second.
   *
   * @throws IllegalArgumentException if the phases ask for nothing, or own rates exceed the total
   */
  public Schedule(List<Phase> phases, List<Entry> mix, Arrivals arrivals, long seed) {
    this.phases = phases.toArray(Phase[]::new);
    this.arrivals = arrivals;
    this.seed = seed;
    this.streams = streams(phases, mix);
    this.mixSize = mix.size();
    this.hash = hash(mix);
  }

  private static List<StreamSpec> streams(List<Phase> phases, List<Entry> mix) {
    double nominal = nominalRate(phases);
    if (mix.isEmpty() || nominal <= 0) {
      throw new IllegalArgumentException("the phases ask for no request: set a rate above 0");
    }
    var streams = new ArrayList<StreamSpec>();
    var sharing = new ArrayList<Integer>();
    var weights = new ArrayList<Double>();
    double own = 0;
    for (int i = 0; i < mix.size(); i++) {
      var entry = mix.get(i);
      if (entry.rate() > 0) {
        own += entry.rate();
      } else {
        sharing.add(i);
        weights.add(entry.weight());
      }
    }
    if (own > nominal * (1 + 1e-9)) {
      throw new IllegalArgumentException(
          "the rates of the mix sum up to " + own + "/s, more than the rate " + nominal + "/s");
    }
    double rest = sharing.isEmpty() ? 0 : 1 - own / nominal;
    for (int i = 0; i < mix.size(); i++) {
      if (mix.get(i).rate() > 0) {
        double share = sharing.isEmpty() ? mix.get(i).rate() / own : mix.get(i).rate() / nominal;
        streams.add(new StreamSpec(share, List.of(i), List.of(1.0)));
      }
    }
    if (rest > 1e-9) {
      streams.add(new StreamSpec(rest, sharing, weights));
    }
    return streams;
  }

  /** The rate that own rates of a mix refer to: the highest among the recorded phases. */
  private static double nominalRate(List<Phase> phases) {
    double rate = 0;
    for (var phase : phases) {
      if (phase.recorded()) {
        rate = Math.max(rate, Math.max(phase.startRate(), phase.endRate()));
      }
    }
    return rate;
  }

  private String hash(List<Entry> mix) {
    var digest = sha256();
    var buffer = ByteBuffer.allocate(12 * HASHED_ARRIVALS);
    for (var cursor = cursor(); buffer.hasRemaining() && cursor.advance(); ) {
      buffer.putLong(cursor.offsetNanos()).putInt(cursor.request());
    }
    digest.update(buffer.flip());
    var definition = new StringBuilder().append(arrivals).append(' ').append(seed);
    for (var phase : phases) {
      definition.append('\n').append(phase.startRate()).append(' ').append(phase.endRate());
      definition
          .append(' ')
          .append(phase.duration().toNanos())
          .append(' ')
          .append(phase.recorded());
    }
    for (var entry : mix) {
      definition.append('\n').append(entry.rate()).append(' ').append(entry.weight());
    }
    digest.update(definition.toString().getBytes(StandardCharsets.US_ASCII));
    return HexFormat.of().formatHex(digest.digest(), 0, 8);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /**
   * The first 8 bytes, in hex, of the SHA-256 of the first {@value #HASHED_ARRIVALS} pairs (offset,
   * request) in order and of all that the later ones follow from.
   */
  public String hash() {
    return hash;
  }

  /** Number of requests to be expected: the rate over the time. */
  public double expectedRequests() {
    double sum = 0;
    for (var phase : phases) {
      sum += phase.requests();
    }
    return sum;
  }

  /** The phases in order. */
  public List<Phase> phases() {
    return List.of(phases);
  }

  /** The sum of the phases. */
  public Duration duration() {
    var sum = Duration.ZERO;
    for (var phase : phases) {
      sum = sum.plus(phase.duration());
    }
    return sum;
  }

  /** A new cursor before the first arrival. */
  public Cursor cursor() {
    return cursor(Part.WHOLE);
  }

  /** A new cursor before the first arrival of a part. */
  public Cursor cursor(Part part) {
    return new Cursor(part);
  }

  /** Walks the arrivals in order of time; not thread-safe. */
  public final class Cursor {
    private final ArrivalStream[] heads;
    private final boolean[] live;
    private final Part part;
    private final long[] counts;
    private int current = -1;
    private long index = -1;

    private Cursor(Part part) {
      this.part = part;
      this.counts = new long[mixSize];
      var seeds = new SplittableRandom(seed);
      heads = new ArrivalStream[streams.size()];
      live = new boolean[heads.length];
      for (int i = 0; i < heads.length; i++) {
        var spec = streams.get(i);
        heads[i] =
            new ArrivalStream(
                phases,
                spec.share(),
                arrivals,
                seeds.nextLong(),
                spec.requests().stream().mapToInt(Integer::intValue).toArray(),
                spec.weights().stream().mapToDouble(Double::doubleValue).toArray());
        live[i] = heads[i].advance();
      }
    }

    /** Moves to the next arrival of the part; {@code false} at the end. */
    public boolean advance() {
      boolean more;
      do {
        more = advanceWhole();
      } while (more && !part.has(index));
      return more;
    }

    private boolean advanceWhole() {
      if (current >= 0) {
        live[current] = heads[current].advance();
      }
      current = -1;
      for (int i = 0; i < heads.length; i++) {
        if (live[i] && (current < 0 || heads[i].offsetNanos < heads[current].offsetNanos)) {
          current = i;
        }
      }
      if (current < 0) {
        return false;
      }
      index++;
      counts[heads[current].request]++;
      return true;
    }

    /** Nanoseconds after the start of the schedule at which the request is meant to start. */
    public long offsetNanos() {
      return heads[current].offsetNanos;
    }

    /** Index into the mix. */
    public int request() {
      return heads[current].request;
    }

    /** How often the same request arrived before, in all parts together. */
    public long ordinal() {
      return counts[request()] - 1;
    }

    /** Index of the phase. */
    public int phase() {
      return heads[current].phase();
    }
  }
}
