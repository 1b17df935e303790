// The large versions of the sets that CI runs small: with this variable they take all their seeds and assert times.
if (Deno.env.get("BB_SOAK") === "1") {
  await import("../truth/truth_test.ts");
  await import("../faults/faults_test.ts");
  await import("../faults/kill_test.ts");
  await import("../faults/store_damage_test.ts");
  await import("../faults/disk_test.ts");
}
