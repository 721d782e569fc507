/**
 * The dashboards' source. Each dashboard is one class here; {@code grafana/dashboards/*.json} is
 * what they make, and a test holds the two together.
 */
@NullMarked
package dev.baton.grafana;

import org.jspecify.annotations.NullMarked;
