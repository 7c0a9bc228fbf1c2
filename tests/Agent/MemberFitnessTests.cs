using Backup.Agent.Source;
using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.MongoWire;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Agent;

/// <summary>When a member is left: at once where it cannot serve, after its patience where that may pass.</summary>
public sealed class MemberFitnessTests
{
    private static readonly HostAddress Host = HostAddress.Parse("a");
    private static readonly ServerDescription Secondary = Seen(ServerType.Secondary, 1000);
    private static readonly ServerDescription Primary = Seen(ServerType.Primary, 1000);
    private readonly ManualTime _time = new();

    [Fact]
    public void A_secondary_that_keeps_up_is_kept() => LeftAfter(Secondary, [Primary], null);

    [Fact]
    public void A_hidden_secondary_is_kept() =>
        LeftAfter(Seen(ServerType.Other, 1000) with { Hidden = true, IsInSecondaryState = true }, [Primary], null);

    [Theory]
    [InlineData(ServerType.Other)]
    [InlineData(ServerType.Arbiter)]
    [InlineData(ServerType.Ghost)]
    public void One_that_answers_no_reads_is_left_at_once(ServerType type) =>
        LeftAfter(Seen(type, 1000), [Primary], TimeSpan.Zero);

    [Fact]
    public void One_that_was_removed_is_left_at_once()
    {
        var error = MongoWireErrors.WrongSet(Host, null, "rs0");
        LeftAfter(new ServerDescription { Address = Host, Failure = error }, [Primary], TimeSpan.Zero);
    }

    [Fact]
    public void One_that_is_silent_is_given_time() =>
        LeftAfter(Seen(ServerType.Unknown, 0), [Primary], MemberFitness.SilencePatience);

    [Theory]
    [InlineData(MemberFitness.MostLagSeconds, false)]
    [InlineData(MemberFitness.MostLagSeconds + 1, true)]
    public void One_that_is_behind_the_others_is_left(uint lag, bool left) =>
        LeftAfter(Secondary, [Seen(ServerType.Primary, 1000 + lag)], left ? MemberFitness.LagPatience : null);

    [Fact]
    public void One_that_catches_up_in_time_is_kept()
    {
        var fitness = new MemberFitness(MemberRule.Secondary, wasPrimary: false, _time);
        for (var round = 0; round < 20; round++)
        {
            var ahead = Seen(ServerType.Primary, round % 3 == 0 ? 1000u : 1100u);
            fitness.ReasonToLeave(Secondary, [ahead], mayMove: true).ShouldBeNull();
            _time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public void One_that_became_primary_is_left_for_a_secondary_that_keeps_up()
    {
        LeftAfter(Primary, [Secondary], MemberFitness.PrimaryPatience);
        LeftAfter(Primary, [Secondary], MemberFitness.ChosenPrimaryPatience, wasPrimary: true);
        LeftAfter(Primary, [Seen(ServerType.Secondary, 900)], null);
        LeftAfter(Primary, [], null);
        LeftAfter(Primary, [Secondary], null, mayMove: false);
    }

    /// <summary>Asks every second for twenty minutes.</summary>
    private void LeftAfter(
        ServerDescription seen,
        ServerDescription[] others,
        TimeSpan? patience,
        bool wasPrimary = false,
        bool mayMove = true
    )
    {
        var fitness = new MemberFitness(MemberRule.Secondary, wasPrimary, _time);
        var left = default(TimeSpan?);
        for (var waited = TimeSpan.Zero; left is null && waited < TimeSpan.FromMinutes(20); )
        {
            left = fitness.ReasonToLeave(seen, others, mayMove) is null ? null : waited;
            waited += TimeSpan.FromSeconds(1);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        left.ShouldBe(patience);
    }

    private static ServerDescription Seen(ServerType type, uint lastWrite) =>
        new()
        {
            Address = Host,
            Type = type,
            LastWrite = new Optime(lastWrite, 1),
        };
}
