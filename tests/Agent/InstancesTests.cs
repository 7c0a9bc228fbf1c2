using Backup.Agent.Server;
using Backup.BackupHttpServer;
using Backup.Foundation;
using Backup.Metadata;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Backup.Tests.Agent;

/// <summary>An agent whose every request goes to another instance of the server enrols, copies, follows and replaces its key.</summary>
public sealed class InstancesTests
{
    [Fact]
    public async Task AnAgentNoticesNothingOfSeveralInstances()
    {
        const int documents = 45;
        await using var all = await Appliance.StartAsync();
        await using var second = await BackupHttpServerHost.StartAsync(
            all.Options,
            all.Metadata,
            all.Store,
            TimeProvider.System,
            NullLoggerFactory.Instance
        );
        await using var balancer = await Balancer.StartAsync(all.Options.CertificateFolder, all.Server, second);
        await EnrolAsync(all, balancer);
        for (var id = 0; id < documents; id++)
        {
            _ = all.Source.Insert("shop", "orders", Appliance.Document(id, 1 << 20));
        }

        await all.ProtectAsync(all.Source.ConnectionString);
        await using var agent = new AgentProcess(all);
        var set = await all.ReplicaSetAsync(one => one.State == ReplicaSetState.CatchingUp);
        for (var id = documents; id < documents + 100; id++)
        {
            _ = all.Source.Insert("shop", "orders", Appliance.Document(id));
            await Task.Delay(10);
        }

        var key = (await all.Metadata.Credentials.KeysAsync()).Single(one => one.AgentId == all.Identity.AgentId);
        await all.Metadata.Credentials.RequestRotationAsync(key.Id);
        await all.UntilAsync(
            async () =>
                (await all.Metadata.Credentials.KeysAsync()).FirstOrDefault(one =>
                    one.Replaces == key.Id && one.State == ApiKeyState.Valid
                ),
            "the key is not replaced"
        );

        (await ResumeTests.CopiedIdsAsync(all, set, "shop.orders")).ShouldBe(Enumerable.Range(0, documents));
        var slices = await all.UntilAsync(
            async () =>
            {
                var stored = await all.Metadata.OplogSlices.AfterAsync(set.SyncId!, Optime.Zero, 1000);
                return stored.Sum(slice => slice.Entries) >= 100 ? stored : null;
            },
            "the oplog does not come"
        );
        slices.Select(slice => slice.Sequence).ShouldBe(Enumerable.Range(0, slices.Count).Select(n => (long)n));
        slices.Zip(slices.Skip(1)).ShouldAllBe(pair => pair.Second.Previous == pair.First.Last);
        balancer.Asked.ShouldAllBe(count => count > 10);
        Math.Abs(balancer.Asked[0] - balancer.Asked[1]).ShouldBeLessThanOrEqualTo(1);
    }

    private static async Task EnrolAsync(Appliance all, Balancer balancer)
    {
        var token = await Enrolment.CreateTokenAsync(
            all.Metadata,
            "default",
            all.Server.CaFingerprint,
            TimeSpan.FromMinutes(5),
            TimeProvider.System
        );
        all.Identity = await Enroller.EnrolAsync(balancer.Address, token, "test", default);
    }
}
