package dev.baton.scheduler.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PoliciesTest {
  private static java.util.List<String> names() {
    return Policies.names();
  }

  @ParameterizedTest
  @MethodSource("names")
  void shouldMakeANewPolicyEachTime(String name) {
    SchedulingPolicy policy = Policies.byName(name);

    assertThat(policy.name()).isEqualTo(name);
    assertThat(policy).isNotSameAs(Policies.byName(name));
  }

  @Test
  void shouldSayWhichPolicyMayBeMeant() {
    assertThatThrownBy(() -> Policies.byName("shinjuko"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("policy=shinjuko")
        .hasMessageContaining("did you mean shinjuku?")
        .hasMessageContaining("per-core-fifo");
  }
}
