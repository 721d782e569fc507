/** Dashboards, rules and provisioning under test, with a real Prometheus where there is one. */
@NullMarked
package dev.baton.grafana;

import org.jspecify.annotations.NullMarked;
