using System.Globalization;
using System.Text.Json;
using Backup.Sandbox;
using Backup.Tests.EndToEnd.Writes;
using Backup.Tests.Support;
using Shouldly;
using Xunit.Abstractions;

namespace Backup.Tests.EndToEnd.Scale;

/// <summary>Needs the programs of the version before: <c>./test upgrade</c> makes them and names their folder.</summary>
public sealed class EarlierProgramsFactAttribute()
    : ConditionalFactAttribute(
        RollingUpgradeTests.Earlier is null
            ? "SKIPPED: needs the programs of the version before (./test upgrade)"
            : null
    );

/// <summary>Servers and daemons of this version and of the one before on one catalogue and one store, while the source is written to.</summary>
public sealed class RollingUpgradeTests(ITestOutputHelper output)
{
    private static readonly string Now = SourceTree.At(".build", "app");

    /// <summary>The folder of the programs of the version before.</summary>
    internal static string? Earlier => Environment.GetEnvironmentVariable("BACKUP_TEST_EARLIER");

    [EarlierProgramsFact]
    public async Task OneAfterTheOtherIsUpgradedAndMayBePutBack()
    {
        var random = new Random(1);
        await using var source = await TestSource.SandboxAsync(
            new SandboxOptions { ReplicaSetName = "rs0", KeepHistory = true }
        );
        await source.InsertAsync("shop", "orders", SourceContent.Many(2_000, random, 200, 1_000));
        await using var appliance = await ScaledAppliance.StartAsync(source, Earlier);
        await using var writes = LiveWrites.Start(source, random.Next());
        var snapshots = new List<JsonElement>();
        await WorksAsync(appliance, source, writes, snapshots);

        foreach (var one in new[] { 0, 1, 2, 3 })
        {
            var process = Alternating(appliance, one);
            await ReplaceAsync(appliance, process, Now);
            await WorksAsync(appliance, source, writes, snapshots);
        }

        // Half of it goes back: what the newer one has written is read, and gone on with, by the earlier one.
        foreach (var one in new[] { 0, 1 })
        {
            await ReplaceAsync(appliance, Alternating(appliance, one), Earlier!);
            await WorksAsync(appliance, source, writes, snapshots);
        }

        foreach (var one in new[] { 0, 1 })
        {
            await ReplaceAsync(appliance, Alternating(appliance, one), Now);
        }

        (await appliance.Agent.StopAsync()).ShouldBe(0);
        appliance.Agent.App = Now;
        appliance.Agent.Start();
        await WorksAsync(appliance, source, writes, snapshots);
        // From here on there is no way back.
        (await appliance.AskAsync("status"))
            .GetProperty("errors")
            .ToString()
            .ShouldContain("BK6347");
        _ = await appliance.AskAsync("metadata", "finish-upgrade");
        (await appliance.AskAsync("status")).GetProperty("errors").ToString().ShouldNotContain("BK6347");
        await WorksAsync(appliance, source, writes, snapshots);
        await writes.DisposeAsync();
        output.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"{snapshots.Count} snapshots; {writes.Describe()}")
        );

        await RestoreCheck.SnapshotEqualsSourceAsync(appliance.Servers[0], source);
        foreach (var snapshot in snapshots)
        {
            await ModelCheck.SnapshotAsync(appliance.Servers[1], source.Sandbox, snapshot);
        }

        (await appliance.AskAsync("store", "check")).GetProperty("isWhole").GetBoolean().ShouldBeTrue();
    }

    /// <summary>A daemon, a server, the other daemon, the other server.</summary>
    private static ApplianceProcess Alternating(ScaledAppliance appliance, int at) =>
        (at % 2 == 0 ? appliance.Daemons : appliance.Servers)[at / 2];

    /// <summary>As docs/operate.md says: a daemon's heads are taken away first.</summary>
    private async Task ReplaceAsync(ScaledAppliance appliance, ApplianceProcess process, string app)
    {
        var daemon = appliance.Daemons.ToList().IndexOf(process);
        if (daemon >= 0)
        {
            _ = await appliance.AskAsync("daemons", "drain", ScaledAppliance.NameOf(daemon));
        }

        (await process.StopAsync()).ShouldBe(0);
        process.App = app;
        process.ForgetOutput();
        appliance.Start(process);
        await process.WaitForOutputAsync(daemon >= 0 ? "runs." : "agents");
        if (daemon >= 0)
        {
            _ = await appliance.AskAsync("daemons", "resume", ScaledAppliance.NameOf(daemon));
        }

        output.WriteLine($"{process.Verb} {daemon}: {app}");
    }

    /// <summary>By either server, each asked with the commands of its version: a snapshot, what is in it and in an older one, and a moment.</summary>
    private static async Task WorksAsync(
        ScaledAppliance appliance,
        TestSource source,
        LiveWrites writes,
        List<JsonElement> snapshots
    )
    {
        foreach (var server in appliance.Servers)
        {
            await writes.WaitAsync(50);
            var snapshot = (await server.RunAsync("snapshot", "rs0", "--wait")).Succeeded().Json;
            var older = snapshots.Count > 0 ? snapshots[snapshots.Count / 2] : snapshot;
            snapshots.Add(snapshot);
            foreach (var reader in appliance.Servers)
            {
                await ModelCheck.SnapshotAsync(reader, source.Sandbox, snapshot);
                await ModelCheck.SnapshotAsync(reader, source.Sandbox, older);
            }

            await ModelCheck.MomentAsync(server, source.Sandbox, ModelCheck.OptimeOf(snapshot));
        }
    }
}
