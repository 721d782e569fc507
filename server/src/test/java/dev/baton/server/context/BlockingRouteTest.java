package dev.baton.server.context;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.loop.AwayBound;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BlockingRouteTest {
  private final BlockingRoute route =
      new BlockingRoute(
          new RouteStart(new RequestWork("GET", "/", "", null, false, 0)),
          () -> new AwayBound(1, 0));

  @Test
  void shouldHaveOneBoundPerCpu() {
    AwayBound unpinned = route.bound(-1);
    AwayBound third = route.bound(2);
    AwayBound first = route.bound(0);

    assertThat(first).isNotSameAs(unpinned).isNotSameAs(third);
    assertThat(List.of(route.bound(-1), route.bound(0), route.bound(2)))
        .containsExactly(unpinned, first, third);
    assertThat(route.bounds()).containsExactly(unpinned, first, third);
  }

  @Test
  void shouldHandOutOneBoundToAllWhoAskAtOnce() throws Exception {
    int cpus = 64;
    List<Callable<List<AwayBound>>> all =
        IntStream.range(0, 4)
            .<Callable<List<AwayBound>>>mapToObj(
                _ -> () -> IntStream.range(0, cpus).mapToObj(route::bound).toList())
            .toList();
    var seen = new ArrayList<List<AwayBound>>();
    try (var threads = Executors.newFixedThreadPool(all.size())) {
      for (Future<List<AwayBound>> future : threads.invokeAll(all)) {
        seen.add(future.get());
      }
    }

    assertThat(seen).allSatisfy(bounds -> assertThat(bounds).isEqualTo(seen.getFirst()));
    assertThat(route.bounds()).hasSize(cpus);
  }
}
