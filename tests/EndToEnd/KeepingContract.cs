using System.Text.Json;
using Shouldly;

namespace Backup.Tests.EndToEnd;

/// <summary>What the commands say of times of day and zones, of retention rows, of pins, ends and deletions; of the replica set rs0.</summary>
internal static class KeepingContract
{
    /// <param name="appliance">Running; the policy's base row keeps two days.</param>
    /// <param name="snapshot">Taken on demand; others may be there.</param>
    internal static async Task ShouldHoldAsync(ApplianceProcess appliance, string snapshot)
    {
        await PoliciesArePreviewedAsync(appliance, snapshot);
        await SnapshotsArePinnedAndDeletedAsync(appliance, snapshot);
    }

    private static async Task PoliciesArePreviewedAsync(ApplianceProcess appliance, string snapshot)
    {
        var before = await JsonAsync(appliance, "policy", "rs0");
        var preview = await JsonAsync(
            appliance,
            [
                "policy",
                "rs0",
                "--preview",
                "--every",
                "12h",
                "--at",
                "02:00",
                "--zone",
                "Asia/Kathmandu",
                "--window",
                "0",
            ]
        );
        var due = preview.GetProperty("nextDue").EnumerateArray().ToList();
        due.Count.ShouldBe(10);
        // A quarter to six hours to the east of UTC, all the year round.
        due.ShouldAllBe(one =>
            one.GetProperty("at").GetDateTimeOffset().Minute == 15
            && one.GetProperty("local").GetDateTimeOffset().Hour % 12 == 2
        );
        preview.GetProperty("lostMoments").ValueKind.ShouldBe(JsonValueKind.Array);
        preview.GetProperty("expiring").GetArrayLength().ShouldBe(0, "none is older than the base row keeps all");
        (await JsonAsync(appliance, "policy", "rs0")).ToString().ShouldBe(before.ToString(), "nothing was changed");

        foreach (
            var (field, code, options) in new[]
            {
                ("zone", "BK6150", new[] { "--zone", "Europe/Belin" }),
                ("at", "BK9571", ["--at", "24:00"]),
                ("weeklySeconds", "BK6012", ["--weekly", "3d"]),
                ("monthlySeconds", "BK6012", ["--monthly", "8y"]),
                ("intervalSeconds", "BK6012", ["--every", "5h"]),
            }
        )
        {
            var refused = await appliance.RunAsync(["policy", "rs0", .. options]);
            refused.ErrorCode.ShouldBe(code);
            var error = JsonSerializer.Deserialize<JsonElement>(refused.Output).GetProperty("error");
            error.GetProperty("field").GetString().ShouldBe(field);
        }

        var rows = await JsonAsync(appliance, "policy", "rs0", "--daily", "2w", "--weekly", "0", "--monthly", "7y");
        rows.GetProperty("dailySeconds").GetInt64().ShouldBe(14 * 86400);
        rows.GetProperty("weeklySeconds").GetInt64().ShouldBe(0);
        rows.GetProperty("monthlySeconds").GetInt64().ShouldBe(7L * 366 * 86400);
        (await KeptAsync(appliance, snapshot)).ShouldContain("base");
    }

    private static async Task SnapshotsArePinnedAndDeletedAsync(ApplianceProcess appliance, string snapshot)
    {
        var id = RestoreCheck.Id(await JsonAsync(appliance, "snapshot", "rs0", "--wait", "--keep", "1h"));
        (await KeptAsync(appliance, id)).ShouldContain("own-end");
        (await KeptAsync(appliance, snapshot)).ShouldNotContain("last");

        (await JsonAsync(appliance, "snapshot", "pin", id)).TryGetProperty("pinnedAt", out _).ShouldBeTrue();
        (await appliance.RunAsync("snapshot", "delete", id)).ErrorCode.ShouldBe("BK6153");
        (await JsonAsync(appliance, "snapshot", "unpin", id)).TryGetProperty("pinnedAt", out _).ShouldBeFalse();
        var end = (await JsonAsync(appliance, "snapshot", "expire", id, "--in", "30d")).GetProperty("expiresAt");
        (end.GetDateTimeOffset() - TimeProvider.System.GetUtcNow()).TotalDays.ShouldBeInRange(29.9, 30);
        (await appliance.RunAsync("snapshot", "expire", id, "--in", "8y")).ErrorCode.ShouldBe("BK9570");
        (await appliance.RunAsync("snapshot", "expire", id)).ErrorCode.ShouldBe("BK9501");
        await JsonAsync(appliance, "snapshot", "expire", id, "--by-policy");
        (await KeptAsync(appliance, id)).ShouldContain("base");

        var preview = await JsonAsync(appliance, "snapshot", "delete", id, "--preview");
        preview.GetProperty("isLast").GetBoolean().ShouldBeFalse();
        preview.GetProperty("freeBytes").GetInt64().ShouldBeGreaterThanOrEqualTo(0);
        (await KeptAsync(appliance, id)).ShouldContain("last", "a preview deletes nothing");
        await JsonAsync(appliance, "snapshot", "delete", id);
        (await appliance.RunAsync("snapshot", "delete", id)).ExitCode.ShouldBe(10, "it is gone");
        (await JsonAsync(appliance, "snapshots", "rs0")).EnumerateArray().Select(RestoreCheck.Id).ShouldNotContain(id);
    }

    private static async Task<List<string?>> KeptAsync(ApplianceProcess appliance, string snapshot) =>
        [
            .. (await JsonAsync(appliance, "snapshots", "rs0"))
                .EnumerateArray()
                .Single(one => RestoreCheck.Id(one) == snapshot)
                .GetProperty("kept")
                .EnumerateArray()
                .Select(one => one.GetProperty("reason").GetString()),
        ];

    private static async Task<JsonElement> JsonAsync(ApplianceProcess appliance, params string[] arguments) =>
        (await appliance.RunAsync(arguments)).Succeeded().Json;
}
