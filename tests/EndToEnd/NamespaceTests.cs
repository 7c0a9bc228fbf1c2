using System.Diagnostics;
using System.Text.Json;
using Backup.Foundation;
using Backup.Tests.EndToEnd.Writes;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.EndToEnd;

/// <summary>
/// Allow and deny lists, set at the start, widened and narrowed while the source is written to, with renames across the border and transactions that
/// touch both sides of it. What is included is what the source holds, by its own hashes; nothing else is there.
/// </summary>
public sealed class NamespaceTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task WhatIsIncludedOfTheSandboxIsThereWhileTheListsChange()
    {
        await using var source = await TestSource.SandboxAsync();
        await RunAsync(source);
    }

    [RealMongoFact]
    public async Task WhatIsIncludedOfARealServerIsThereWhileTheListsChange()
    {
        await using var source = await TestSource.RealAsync();
        await RunAsync(source);
    }

    private static async Task RunAsync(TestSource source)
    {
        var random = new Random(7);
        foreach (var ns in new[] { "shop.orders", "shop.items", "shop.sessions", "hr.staff" })
        {
            var dot = ns.IndexOf('.', StringComparison.Ordinal);
            await source.InsertAsync(ns[..dot], ns[(dot + 1)..], SourceContent.Many(300, random, 100, 500));
        }

        // The lists are given with the deployment, before anything of it is read.
        await using var appliance = new ApplianceProcess("mongodb://127.0.0.1:1/?replicaSet=gone");
        await using var writes = LiveWrites.Start(source, 7);
        appliance.Up();
        while (await HostSocket.StatusAsync(appliance.Data) is null)
        {
            await Task.Delay(100);
        }

        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("uri"), source.Uri);
        // Writes go on in live, live-2 and bank; transactions touch several of them.
        (
            await appliance.RunAsync(
                "deployments",
                "add",
                folder.File("uri"),
                "--include",
                "shop.*",
                "--include",
                "live",
                "--exclude",
                "shop.sessions*"
            )
        ).Succeeded();
        await appliance.WaitForStateAsync("tailing", Patience);
        var first = await EqualsAsync(
            appliance,
            source,
            writes,
            NamespaceFilter.Of(["shop.*", "live"], ["shop.sessions*"])
        );
        (await RestoreAsync(appliance, first, "bank.ledger", folder.File("1"))).ErrorCode.ShouldBe("BK9016");

        (await appliance.RunAsync("namespaces", "rs0", "--clear", "--exclude", "shop.sessions*")).Succeeded();
        await source.RunAsync("admin", """{"renameCollection":"shop.sessions","to":"shop.logins"}""");
        await source.RunAsync("admin", """{"renameCollection":"shop.items","to":"shop.sessions_old"}""");
        await writes.WaitAsync(50);
        await InForceAsync(appliance);
        var wide = await EqualsAsync(appliance, source, writes, NamespaceFilter.Of([], ["shop.sessions*"]));
        (await RestoreAsync(appliance, wide, "hr.staff", folder.File("2")))
            .Succeeded()
            .Json.GetProperty("documents")
            .GetInt64()
            .ShouldBe(300);
        (await RestoreAsync(appliance, wide, "shop.sessions_old", folder.File("3"))).ErrorCode.ShouldBe("BK9016");
        var changes = await ChangesAsync(appliance);
        changes.ShouldContain(("copied", "hr.staff"));
        changes.ShouldContain(("copied", "shop.logins"));
        changes.ShouldContain(("renamed-away", "shop.items"));
        changes.ShouldNotContain(("copied", "shop.orders"), "it was held already");

        (await appliance.RunAsync("namespaces", "rs0", "--exclude", "live*", "--exclude", "hr")).Succeeded();
        await InForceAsync(appliance);
        var narrow = await EqualsAsync(appliance, source, writes, NamespaceFilter.Of([], ["live*", "hr"]));
        (await ChangesAsync(appliance)).ShouldContain(("left", "hr.staff"));
        narrow.GetProperty("filters").GetArrayLength().ShouldBe(1);
        (await RestoreAsync(appliance, narrow, "hr.staff", folder.File("4"))).ErrorCode.ShouldBe("BK9016");
        (await RestoreAsync(appliance, wide, "hr.staff", folder.File("5"))).Succeeded();
        (await appliance.RunAsync("resync", "rs0", "--namespace", "hr.staff")).ErrorCode.ShouldBe("BK8051");
    }

    private static Task<CommandResult> RestoreAsync(
        ApplianceProcess appliance,
        JsonElement snapshot,
        string ns,
        string output
    ) =>
        appliance.RunAsync(
            "restore",
            "rs0",
            "--snapshot",
            RestoreCheck.Id(snapshot),
            "--namespace",
            ns,
            "--output",
            output
        );

    private static async Task<List<(string? What, string? Collection)>> ChangesAsync(ApplianceProcess appliance) =>
        [
            .. (await appliance.RunAsync("ranges", "rs0"))
                .Succeeded()
                .Json.GetProperty("changes")
                .EnumerateArray()
                .Select(one =>
                    (
                        one.GetProperty("what").GetString(),
                        one.TryGetProperty("collection", out var ns) ? ns.GetString() : null
                    )
                ),
        ];

    private static async Task InForceAsync(ApplianceProcess appliance)
    {
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(300))
        {
            var view = (await appliance.RunAsync("namespaces", "rs0")).Succeeded().Json;
            if (view.GetProperty("inForce").GetBoolean())
            {
                return;
            }

            watch.Elapsed.ShouldBeLessThan(Patience, view.ToString());
        }
    }

    /// <summary>Stills the source, waits until nothing has to be copied any more, and compares a snapshot with the source's hashes of what is included.</summary>
    private static async Task<JsonElement> EqualsAsync(
        ApplianceProcess appliance,
        TestSource source,
        LiveWrites writes,
        NamespaceFilter filter
    )
    {
        await writes.WaitAsync(30);
        using var still = await writes.PauseAsync();
        var hashes = (await source.HashesAsync()).ToDictionary(
            one => one.Key,
            one => new DatabaseHash(
                one.Value.Md5,
                one.Value.Collections.Where(collection => filter.Includes($"{one.Key}.{collection.Key}")).ToDictionary()
            )
        );
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(500))
        {
            var snapshot = (await appliance.RunAsync("snapshot", "rs0", "--wait")).Succeeded().Json;
            using var folder = new TemporaryFolder();
            var restored = (
                await appliance.RunAsync(
                    "restore",
                    "rs0",
                    "--snapshot",
                    RestoreCheck.Id(snapshot),
                    "--format",
                    "ndjson",
                    "--output",
                    folder.File("lines")
                )
            ).Succeeded();
            if (!restored.Json.TryGetProperty("excluded", out var excluded))
            {
                await RestoreCheck.DirectoryEqualsAsync(appliance, snapshot, hashes);
                return snapshot;
            }

            watch.Elapsed.ShouldBeLessThan(Patience, excluded.ToString());
        }
    }
}
