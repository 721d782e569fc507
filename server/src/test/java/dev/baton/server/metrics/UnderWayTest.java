package dev.baton.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class UnderWayTest {
  private static final int SLOTS = 1 << 12;

  private final UnderWay underWay = new UnderWay();

  private List<Long> read() {
    List<Long> began = new ArrayList<>();
    underWay.read((_, nanos) -> began.add(nanos));
    return began;
  }

  @Test
  void shouldTellOfThoseUnderWayAndWhatTheyAre() {
    int slot = underWay.begin(1, 100);
    int other = underWay.begin(2, 200);
    underWay.is(other, 3);
    List<String> told = new ArrayList<>();
    underWay.read((what, nanos) -> told.add(what + " since " + nanos));

    assertThat(told).containsExactlyInAnyOrder("1 since 100", "3 since 200");

    underWay.end(slot);
    assertThat(read()).containsExactly(200L);
    assertThat(underWay.isEmpty()).isFalse();
    underWay.end(other);
    assertThat(read()).isEmpty();
    assertThat(underWay.isEmpty()).isTrue();
  }

  /** So that what a request writes to is in the cache. */
  @Test
  void shouldTakeTheSlotAgainThatHasJustBecomeFree() {
    int stays = underWay.begin(1, 100);
    int slot = underWay.begin(1, 200);

    for (int i = 0; i < 3 * SLOTS; i++) {
      underWay.end(slot);
      assertThat(underWay.begin(1, 300 + i)).isEqualTo(slot).isNotEqualTo(stays);
    }
    assertThat(read()).contains(100L).hasSize(2);
  }

  @Test
  void shouldHaveNoSlotForThoseThatAreTooManyAndFindThoseThatBecomeFree() {
    int first = underWay.begin(1, 1);
    for (int i = 2; i <= SLOTS; i++) {
      assertThat(underWay.begin(1, i)).isNotEqualTo(UnderWay.NONE);
    }

    int tooMany = underWay.begin(1, SLOTS + 1);
    assertThat(tooMany).isEqualTo(UnderWay.NONE);
    underWay.is(tooMany, 2); // and does no harm
    underWay.end(tooMany);
    assertThat(read()).hasSize(SLOTS).contains(1L);

    underWay.end(first);
    int found = UnderWay.NONE;
    for (int i = 0; i < SLOTS && found == UnderWay.NONE; i++) {
      found = underWay.begin(1, SLOTS + 2);
    }
    assertThat(found).isEqualTo(first);
  }
}
