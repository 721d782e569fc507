package dev.baton.server.management;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.SchedulerOptions;
import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.policy.Policies;
import dev.baton.scheduler.policy.TransactionResult;
import dev.baton.server.Baton;
import io.vertx.core.impl.BatonVertx;
import io.vertx.core.json.JsonObject;

/**
 * What an operator changes while a server runs, as JSON. Any thread that may wait.
 *
 * <p>Throws {@link IllegalArgumentException} for what cannot be meant, and {@link
 * IllegalStateException} for what cannot be done now.
 */
final class Operations {
  static final String POLICY_EXAMPLE = "{\"policy\": \"" + Policies.DEFAULT + "\"}";
  static final String MOVE_EXAMPLE =
      "{\"enclave\": \"batch\"} with one of \"loop\": 1, \"route\": \"GET /reports/*\","
          + " \"stage\": \"orders/price\"";

  private final BatonVertx vertx;

  Operations(BatonVertx vertx) {
    this.vertx = vertx;
  }

  /** Every enclave, and where routes go that have a place of their own. */
  static JsonObject enclaves(Scheduler scheduler) {
    return new JsonObject()
        .put("enclaves", SchedulerJson.array(scheduler.enclaves(), SchedulerJson::enclave));
  }

  /** Installs {@code policy} in {@code enclave}, or in the main one. */
  JsonObject setPolicy(JsonObject body) {
    Enclave enclave =
        vertx.scheduler().enclave(body.getString("enclave", SchedulerOptions.MAIN_ENCLAVE));
    enclave.install(Policies.byName(String.valueOf(body.getString("policy"))));
    return PolicyJson.of(enclave);
  }

  /** Moves a loop, a route or a stage to {@code enclave}. */
  JsonObject move(JsonObject body) {
    String to = body.getString("enclave");
    if (to == null) {
      throw new IllegalArgumentException("enclave: name where to move it");
    }
    if (body.containsKey("loop")) {
      TransactionResult result = Baton.moveLoop(vertx, body.getInteger("loop"), to);
      if (result != TransactionResult.COMMITTED) {
        throw new IllegalStateException(
            "loop=" + body.getInteger("loop") + ": " + SchedulerJson.word(result));
      }
    } else if (body.containsKey("route")) {
      Baton.moveRoute(vertx, body.getString("route"), to);
    } else if (body.containsKey("stage")) {
      String stage = body.getString("stage");
      int slash = stage.indexOf('/');
      if (slash < 0) {
        throw new IllegalArgumentException(
            "stage=" + stage + ": write its pipeline, a slash, its name");
      }
      Baton.moveStage(vertx, stage.substring(0, slash), stage.substring(slash + 1), to);
    } else {
      throw new IllegalArgumentException("loop, route or stage: name what to move");
    }
    return enclaves(vertx.scheduler());
  }
}
