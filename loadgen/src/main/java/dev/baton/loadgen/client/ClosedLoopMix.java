package dev.baton.loadgen.client;

import dev.baton.loadgen.values.Feed;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** The requests that the connections of one pool send in a closed loop, drawn by weight. */
final class ClosedLoopMix {
  private final List<Feed> feeds;
  private final List<Candidate> candidates = new ArrayList<>();
  private double sum;

  /** A request, of a URL list those URLs that belong to the pool. */
  private static final class Candidate {
    final RequestTemplate template;
    final int origin;
    final double upTo;
    long count;

    Candidate(RequestTemplate template, int origin, double upTo) {
      this.template = template;
      this.origin = origin;
      this.upTo = upTo;
    }

    long nextOrdinal() {
      long n = count++;
      var urls = template.spec.urls();
      return urls.isEmpty() ? n : urls.ordinal(origin, n);
    }
  }

  ClosedLoopMix(List<Feed> feeds) {
    this.feeds = feeds;
  }

  void add(RequestTemplate template, int origin) {
    sum += template.spec.rate() > 0 ? template.spec.rate() : template.spec.weight();
    candidates.add(new Candidate(template, origin, sum));
  }

  Exchange next(SplittableRandom random, int phase, long now) {
    var candidate = pick(random);
    long ordinal = candidate.nextOrdinal();
    return new Exchange(candidate.template, phase, now, ordinal, Feed.row(feeds, ordinal));
  }

  private Candidate pick(SplittableRandom random) {
    if (candidates.size() == 1) {
      return candidates.getFirst();
    }
    double point = random.nextDouble() * sum;
    int low = 0;
    int high = candidates.size() - 1;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (point < candidates.get(middle).upTo) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return candidates.get(low);
  }
}
