package dev.baton.server.management;

import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.loop.PolicyChange;
import dev.baton.scheduler.policy.HandlerClasses;
import dev.baton.scheduler.policy.Policies;
import dev.baton.scheduler.policy.TransactionResult;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** The policy of an enclave as JSON. */
final class PolicyJson {
  private static final int MAX_CLASSES = 100;

  private PolicyJson() {}

  static JsonObject of(Enclave enclave) {
    JsonArray changes = new JsonArray();
    long now = System.nanoTime();
    for (PolicyChange change : enclave.recentPolicyChanges()) {
      changes.add(change(change, now));
    }
    JsonObject transactions = new JsonObject();
    for (TransactionResult result : TransactionResult.values()) {
      transactions.put(result.name().toLowerCase(Locale.ROOT), enclave.transactions(result));
    }
    JsonArray names = new JsonArray();
    Policies.names().forEach(names::add);
    return new JsonObject()
        .put("name", enclave.policyName())
        .put("choices", names)
        .put("changes", enclave.policyChanges())
        .put("faults", enclave.policyFaults())
        .put("lostMessages", enclave.lostPolicyMessages())
        .put("transactions", transactions)
        .put("recent", changes)
        .put("classes", classes(enclave.classes()));
  }

  private static JsonObject change(PolicyChange change, long nowNanos) {
    JsonArray stack = new JsonArray();
    change.stack().forEach(frame -> stack.add(frame.toString()));
    return new JsonObject()
        .put("agoMillis", TimeUnit.NANOSECONDS.toMillis(nowNanos - change.atNanos()))
        .put("from", change.from())
        .put("to", change.to())
        .put("fault", change.fault())
        .put("stack", stack);
  }

  private static JsonArray classes(HandlerClasses classes) {
    JsonArray all = new JsonArray();
    for (int c = 1; c < Math.min(classes.size(), MAX_CLASSES); c++) {
      all.add(
          new JsonObject()
              .put("name", classes.name(c))
              .put("samples", classes.samples(c))
              .put("serviceNanos", classes.serviceNanos(c))
              .put("blocks", classes.blocks(c))
              .put("blockedNanos", classes.blockedNanos(c)));
    }
    return all;
  }
}
