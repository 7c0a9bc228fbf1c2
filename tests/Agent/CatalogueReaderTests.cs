using Backup.Agent.Source;
using Backup.Agent.Sync;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Agent;

/// <summary>A sync's list of collections shows nothing that a majority never had.</summary>
public sealed class CatalogueReaderTests
{
    [Fact]
    public async Task What_is_rolled_back_while_it_is_listed_is_not_in_the_list()
    {
        await using var set = await SandboxSet.StartAsync();
        await set.RunAsync(0, "shop", """{"create":"orders","writeConcern":{"w":"majority"} }""");
        await set.RunAsync(0, "shop", """{"create":"dropped","writeConcern":{"w":"majority"} }""");
        await using var member = Member(set, 0);
        (await ListAsync(member)).ShouldBe(["shop.dropped", "shop.orders"]);

        set.Sandbox.CutOff(0, true);
        await set.RunAsync(0, "shop", """{"create":"never"}""");
        await set.RunAsync(0, "shop", """{"drop":"dropped"}""");
        var listing = ListAsync(member);
        await WaitForAnotherPrimaryAsync(set);
        listing.IsCompleted.ShouldBeFalse("no majority has what was listed");
        set.Sandbox.CutOff(0, false);
        await set.WaitForRollbackAsync(0);

        (await listing.WaitAsync(TimeSpan.FromSeconds(30))).ShouldBe(["shop.dropped", "shop.orders"]);
    }

    private static async Task<List<string>> ListAsync(SourceMember member)
    {
        while (true)
        {
            try
            {
                var listed = await CatalogueReader.ReadAsync(
                    member,
                    static ns => ns.StartsWith("shop.", StringComparison.Ordinal),
                    splitBytes: 1 << 20,
                    TimeProvider.System,
                    default
                );
                return [.. listed.Select(static one => one.Namespace).Order(StringComparer.Ordinal)];
            }
            catch (Backup.Foundation.Errors.BackupException failure) when (failure.IsTransient)
            {
                // It answers nobody while it rolls back, and ends connections: the agent begins its sync again.
                await Task.Delay(50);
            }
        }
    }

    private static SourceMember Member(SandboxSet set, int number)
    {
        var own = new MongoClient(
            ConnectionString.Parse($"mongodb://{set.Address(number)}/?directConnection=true"),
            new MongoClientOptions { ApplicationName = "test", HeartbeatInterval = TimeSpan.FromSeconds(1) }
        );
        return new SourceMember(set.Client, own, set.Address(number), maxWireVersion: 8);
    }

    private static async Task WaitForAnotherPrimaryAsync(SandboxSet set)
    {
        for (var n = 0; !set.Sandbox.Nodes.Any(node => node is { IsPrimary: true, Answers: true, Number: > 0 }); n++)
        {
            n.ShouldBeLessThan(1000);
            await Task.Delay(20);
        }
    }
}
