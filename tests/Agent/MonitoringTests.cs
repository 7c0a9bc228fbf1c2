using Backup.Tests.Support;
using Shouldly;

namespace Backup.Tests.Agent;

/// <summary>What a working agent tells of the source's servers.</summary>
public sealed class MonitoringTests
{
    [RealMongoFact]
    public async Task RealServersAreTold()
    {
        await using var set = await RealReplicaSet.StartAsync(
            3,
            number => number == 2 ? "\"priority\":0,\"hidden\":true" : ""
        );
        await using var all = await Appliance.StartAsync();
        await using var writer = new MajorityWriter(set);
        await all.ProtectAsync(set.ConnectionString);
        all.StartAgent();
        var from = TimeProvider.System.GetUtcNow().AddMinutes(-5);
        var samples = await all.UntilAsync(
            async () =>
            {
                var stored = await Backup.BackupHttpServer.Monitoring.ListAsync(all.Metadata, "d1", from);
                return stored.Count > 0 ? stored : null;
            },
            "nothing is told"
        );

        var sample = samples[^1];
        sample.Members.Select(member => member.State).Order().ShouldBe(["PRIMARY", "SECONDARY", "SECONDARY"]);
        sample.Members.ShouldAllBe(member => member.Healthy && member.Optime != null && member.LagSeconds < 60);
        sample.Hosts.Count.ShouldBe(3);
        sample.Hosts.Select(host => host.Host).ShouldBe(sample.Members.Select(member => member.Name), true);
        sample.Hosts.ShouldAllBe(host =>
            host.Version.StartsWith("4.2", StringComparison.Ordinal)
            && host.Connections > 0
            && host.ResidentMegabytes > 0
            && host.CacheMaxBytes > 0
            && host.Operations["command"] > 0
        );
        sample.Databases.Select(database => database.Name).ShouldContain("local");
        sample.Oplog!.WindowSeconds.ShouldBe((long)sample.Oplog.Last.T - sample.Oplog.First.T);
        sample.Oplog.Last.T.ShouldBeGreaterThanOrEqualTo(sample.Oplog.First.T);
    }
}
