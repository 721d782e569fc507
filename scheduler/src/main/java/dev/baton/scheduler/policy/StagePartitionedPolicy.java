package dev.baton.scheduler.policy;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The pipeliner's layout: each class of handlers, such as a stage, has one loop, and its core's
 * caches hold what that class needs. Nobody pulls. Which class is whose follows from what they
 * take: the heaviest ones are spread first.
 *
 * @see <a href="https://dl.acm.org/doi/10.1137/0117039">Graham: Bounds on Multiprocessing Timing
 *     Anomalies, 1969</a>
 */
public final class StagePartitionedPolicy implements SchedulingPolicy {
  /** Classes change loops only if the most loaded loop has that much more than an equal part. */
  private static final double TOLERANCE = 1.25;

  // Written and read by the agent's thread
  private @Nullable Agent agent;
  private final long[] seenSamples = new long[HandlerClasses.MAX];

  // Written by the agent's thread, read by loops: benign, a handler goes where its class was
  private final int[] loopOf = new int[HandlerClasses.MAX];

  /** No class has a loop of its own yet. */
  public StagePartitionedPolicy() {
    Arrays.fill(loopOf, -1);
  }

  @Override
  public String name() {
    return "stage-partitioned";
  }

  @Override
  public boolean queuesHandlers() {
    return true;
  }

  @Override
  public long tickNanos() {
    return 100_000_000;
  }

  @Override
  public void installed(Agent itsAgent, long nowNanos) {
    agent = itsAgent;
    Arrays.fill(loopOf, -1); // there may be fewer loops than before
    place(itsAgent);
  }

  @Override
  public void message(Message message) {
    place(Objects.requireNonNull(agent));
  }

  private void place(Agent a) {
    HandlerClasses classes = a.classes();
    int loops = a.loops();
    int size = classes.size();
    double[] load = new double[size];
    double total = 0;
    for (int c = 1; c < size; c++) {
      long samples = classes.samples(c);
      load[c] = (double) (samples - seenSamples[c]) * Math.max(1, classes.serviceNanos(c));
      seenSamples[c] = samples;
      total += load[c];
    }
    double[] sums = new double[loops];
    boolean isNew = false;
    for (int c = 1; c < size; c++) {
      isNew |= loopOf[c] < 0;
      if (loopOf[c] >= 0) {
        sums[loopOf[c]] += load[c];
      }
    }
    if (isNew || Arrays.stream(sums).max().orElse(0) > TOLERANCE * total / loops) {
      spread(load, loops);
    }
  }

  /** The heaviest first, each to the loop that has least. */
  private void spread(double[] load, int loops) {
    double[] sums = new double[loops];
    int[] byLoad =
        IntStream.range(1, load.length)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer c) -> -load[c]))
            .mapToInt(Integer::intValue)
            .toArray();
    for (int c : byLoad) {
      int least = 0;
      for (int loop = 1; loop < loops; loop++) {
        if (sums[loop] < sums[least]) {
          least = loop;
        }
      }
      sums[least] += Math.max(load[c], 1); // those that nobody has measured count as equal
      loopOf[c] = least;
    }
  }

  @Override
  public int queueOf(int loop, int handlerClass, long deadlineNanos, long nowNanos) {
    int own = loopOf[handlerClass];
    return own < 0 ? loop : own;
  }
}
