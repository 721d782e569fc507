package dev.baton.server.main;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.stages.Problem;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ShopTest {
  private final AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);
  private final Shop shop = Shop.open(now::get);

  @ParameterizedTest
  @ValueSource(strings = {"ada", "Ada Ü.", "."})
  void shouldKnowWhoseTokenItIs(String user) {
    assertThat(shop.user("Bearer " + shop.token(user))).isEqualTo(user);
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(strings = {"", "Bearer ", "Bearer .", "Bearer a", "Bearer YWRh.", "Basic YWRhOmE="})
  void shouldNotTakeAnotherToken(String authorization) {
    assertThatThrownBy(() -> shop.user(authorization))
        .isInstanceOfSatisfying(Problem.class, p -> assertThat(p.status()).isEqualTo(401));
  }

  @Test
  void shouldNotTakeATokenThatWasChangedOrIsAnotherShops() {
    String ada = shop.token("ada");
    String eve = shop.token("eve");
    String forged = eve.substring(0, eve.indexOf('.')) + ada.substring(ada.indexOf('.'));

    assertThatThrownBy(() -> shop.user("Bearer " + forged)).isInstanceOf(Problem.class);
    assertThatThrownBy(() -> Shop.open(now::get).user("Bearer " + ada)).isInstanceOf(Problem.class);
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(
      strings = {"", " ", "12345678901234567890123456789012345678901234567890123456789012345"})
  void shouldRefuseANameThatIsNone(String user) {
    assertThatThrownBy(() -> shop.token(user))
        .isInstanceOfSatisfying(Problem.class, p -> assertThat(p.status()).isEqualTo(400));
  }

  @Test
  void shouldDeliverAnOrderInItsTime() {
    String id = shop.place("ada");

    now.set(Instant.EPOCH.plus(Shop.DELIVERY).minusMillis(1));
    assertThat(shop.isDone("ada", id)).isFalse();
    now.set(Instant.EPOCH.plus(Shop.DELIVERY));
    assertThat(shop.isDone("ada", id)).isTrue();
  }

  @Test
  void shouldShowAnOrderToNobodyElse() {
    String id = shop.place("ada");

    assertThatThrownBy(() -> shop.isDone("eve", id))
        .isInstanceOfSatisfying(Problem.class, p -> assertThat(p.status()).isEqualTo(404));
    assertThatThrownBy(() -> shop.isDone("ada", "9" + id)).isInstanceOf(Problem.class);
    assertThatThrownBy(() -> shop.isDone("ada", "x")).isInstanceOf(Problem.class);
  }
}
