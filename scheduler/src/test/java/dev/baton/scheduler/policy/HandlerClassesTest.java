package dev.baton.scheduler.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class HandlerClassesTest {
  private final HandlerClasses classes = new HandlerClasses();

  @Test
  void shouldGiveEachNameOneNumber() {
    int first = classes.of("GET /a");
    int second = classes.of("GET /b");

    assertThat(classes.of("GET /a")).isEqualTo(first);
    assertThat(first).isNotEqualTo(second).isNotEqualTo(HandlerClasses.UNKNOWN);
    assertThat(classes.name(second)).isEqualTo("GET /b");
    assertThat(classes.size()).isEqualTo(3);
  }

  @Test
  void shouldKeepNoMoreNamesThanItsBound() {
    for (int i = 0; i < 2 * HandlerClasses.MAX; i++) {
      int _ = classes.of("class " + i);
    }

    assertThat(classes.size()).isEqualTo(HandlerClasses.MAX);
    assertThat(classes.of("one more")).isEqualTo(HandlerClasses.UNKNOWN);
  }

  @Test
  void shouldFollowWhatHandlersTake() {
    int one = classes.of("one");
    for (int i = 0; i < 200; i++) {
      classes.ran(one, 1_000);
    }
    for (int i = 0; i < 200; i++) {
      classes.ran(one, 9_000);
    }

    assertThat(classes.serviceNanos(one)).isCloseTo(9_000, within(200L));
    assertThat(classes.samples(one)).isEqualTo(400);
  }

  @Test
  void shouldKnowHowOftenAndHowLongAClassBlocks() {
    int one = classes.of("one");
    classes.blocked(one, 5_000_000);
    classes.ran(one, 10);
    classes.ran(one, 10);

    assertThat(classes.blocks(one)).isOne();
    assertThat(classes.blockedNanos(one)).isEqualTo(5_000_000);
    assertThat(classes.samplesSinceBlock(one)).isEqualTo(2);
  }
}
