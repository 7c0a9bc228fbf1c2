using Backup.Foundation.Errors;
using Backup.MongoWire;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;
using Shouldly;
using Xunit;

namespace Backup.Tests.MongoWire.Client;

/// <summary>Which members fit, by the driver specifications "server selection" and "max staleness".</summary>
public class SelectionTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddDays(20_000);

    /// <summary>A primary, two near secondaries of which one is 200 s behind, one far away, a hidden one, an arbiter, a dead one.</summary>
    private static readonly ServerDescription[] Members =
    [
        Member("primary", ServerType.Primary, 5, 0),
        Member("near", ServerType.Secondary, 10, 0, "east"),
        Member("behind", ServerType.Secondary, 10, 200, "east"),
        Member("far", ServerType.Secondary, 80, 0, "west"),
        Member("hidden", ServerType.Other, 1, 0) with
        {
            IsInSecondaryState = true,
        },
        Member("arbiter", ServerType.Arbiter, 1, 0),
        Member("dead", ServerType.Unknown, 0, 0),
    ];

    [Theory]
    [InlineData(ReadPreferenceMode.Primary, true, "primary")]
    [InlineData(ReadPreferenceMode.Primary, false, "")]
    [InlineData(ReadPreferenceMode.PrimaryPreferred, true, "primary")]
    [InlineData(ReadPreferenceMode.PrimaryPreferred, false, "behind near")]
    [InlineData(ReadPreferenceMode.Secondary, true, "behind near")]
    [InlineData(ReadPreferenceMode.SecondaryPreferred, true, "behind near")]
    [InlineData(ReadPreferenceMode.Nearest, true, "behind near primary")]
    public void A_mode_chooses_among_the_near_ones(ReadPreferenceMode mode, bool hasPrimary, string expected) =>
        Fitting(new ReadTarget { Mode = mode }, Set(hasPrimary)).ShouldBe(expected);

    [Fact]
    public void Without_secondaries_the_primary_serves_those_that_only_prefer_them()
    {
        var alone = Topology(TopologyType.ReplicaSetWithPrimary, [Members[0], Members[4], Members[5]]);
        Fitting(ReadTarget.SecondaryPreferred, alone).ShouldBe("primary");
        Fitting(ReadTarget.Secondary, alone).ShouldBe("");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_stale_secondary_is_left_out(bool hasPrimary)
    {
        var target = ReadTarget.Secondary with { MaxStaleness = TimeSpan.FromSeconds(120) };
        Fitting(target, Set(hasPrimary)).ShouldBe("near");
        Fitting(target with { MaxStaleness = TimeSpan.FromSeconds(300) }, Set(hasPrimary)).ShouldBe("behind near");
    }

    [Fact]
    public void A_staleness_that_cannot_be_told_is_refused()
    {
        var small = ReadTarget.Secondary with { MaxStaleness = TimeSpan.FromSeconds(89) };
        Should.Throw<BackupException>(() => Fitting(small, Set())).Number.ShouldBe(MongoWireErrors.StalenessTooSmall);
        var primary = ReadTarget.Primary with { MaxStaleness = TimeSpan.FromSeconds(100) };
        Should.Throw<BackupException>(() => Fitting(primary, Set())).Number.ShouldBe(MongoWireErrors.StalenessTooSmall);
    }

    [Fact]
    public void Tag_sets_are_tried_in_their_order()
    {
        IReadOnlyDictionary<string, string> Tag(string dc) => new Dictionary<string, string> { ["dc"] = dc };
        Fitting(ReadTarget.Secondary with { TagSets = [Tag("nowhere"), Tag("west")] }, Set()).ShouldBe("far");
        Fitting(ReadTarget.Secondary with { TagSets = [Tag("nowhere")] }, Set()).ShouldBe("");
    }

    [Fact]
    public void Who_has_just_failed_is_taken_only_where_nobody_else_fits()
    {
        Fitting(ReadTarget.Secondary, Set(), "near").ShouldBe("behind");
        Fitting(ReadTarget.Primary, Set(), "primary").ShouldBe("primary");
        Fitting(ReadTarget.SecondaryPreferred, Set(), "near", "behind", "far").ShouldBe("primary");
    }

    [Fact]
    public void A_single_server_takes_everything_whatever_it_is()
    {
        Fitting(ReadTarget.Primary, Topology(TopologyType.Single, [Members[4]])).ShouldBe("hidden");
        Fitting(ReadTarget.Primary, Topology(TopologyType.Single, [Members[6]])).ShouldBe("");
    }

    private static string Fitting(ReadTarget target, TopologyDescription topology, params string[] avoided)
    {
        var rules = new SelectionRules(
            TimeSpan.FromSeconds(10),
            TimeSpan.FromMilliseconds(15),
            avoided.Select(HostAddress.Parse).ToHashSet()
        );
        var found = ServerSelector.Fitting(topology, target, rules).Select(server => server.Address.Host);
        return string.Join(' ', found.Order(StringComparer.Ordinal));
    }

    private static TopologyDescription Set(bool hasPrimary = true) =>
        hasPrimary
            ? Topology(TopologyType.ReplicaSetWithPrimary, Members)
            : Topology(TopologyType.ReplicaSetNoPrimary, Members[1..]);

    private static TopologyDescription Topology(TopologyType type, ServerDescription[] servers) =>
        new() { Type = type, Servers = servers.ToDictionary(server => server.Address) };

    private static ServerDescription Member(string name, ServerType type, int roundTrip, int behind, string dc = "") =>
        new()
        {
            Address = HostAddress.Parse(name),
            Type = type,
            RoundTrip = TimeSpan.FromMilliseconds(roundTrip),
            LastWriteDate = Now.AddSeconds(-behind).ToUnixTimeMilliseconds(),
            Tags = new Dictionary<string, string> { ["dc"] = dc },
        };
}
