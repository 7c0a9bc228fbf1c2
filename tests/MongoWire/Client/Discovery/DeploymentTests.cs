using Backup.Foundation.Errors;
using Backup.MongoWire;
using Backup.MongoWire.Client;
using Backup.MongoWire.Client.Discovery;
using Backup.MongoWire.Uri;
using Shouldly;
using Xunit;

namespace Backup.Tests.MongoWire.Client.Discovery;

/// <summary>What the specification says in prose: what is asked of monitors and pools when something fails.</summary>
public sealed class DeploymentTests : IAsyncDisposable
{
    private static readonly HostAddress A = HostAddress.Parse("a");
    private static readonly HostAddress B = HostAddress.Parse("b");
    private readonly Dictionary<HostAddress, SilentMonitor> _monitors = [];
    private readonly Deployment _deployment;

    public DeploymentTests()
    {
        _deployment = new Deployment(
            TopologyMachine.Start([A, B], "rs", direct: false),
            ConnectionSettings.From(ConnectionString.Parse("mongodb://a,b"), new MongoClientOptions()),
            poolSize: 1,
            (address, _) => _monitors[address] = new SilentMonitor()
        );
        _deployment.Report(Primary(A, version: 1));
    }

    public ValueTask DisposeAsync() => _deployment.DisposeAsync();

    [Fact]
    public void A_lost_connection_gives_up_the_check_and_the_pool()
    {
        Fail(ErrorStage.Established, MongoWireErrors.Lost(A, null));
        Seen().ShouldBe((ServerType.Unknown, 1, 0, 1));
    }

    [Fact]
    public void A_slow_answer_changes_nothing()
    {
        Fail(ErrorStage.Established, MongoWireErrors.Timeout(A, "find", TimeSpan.FromSeconds(1)));
        Seen().ShouldBe((ServerType.Primary, 0, 0, 0));
    }

    [Fact]
    public void A_refused_connection_only_makes_its_monitor_look()
    {
        Fail(ErrorStage.Connecting, MongoWireErrors.Unreachable(A, new IOException("refused")));
        Seen().ShouldBe((ServerType.Primary, 0, 1, 0));
    }

    [Theory]
    [InlineData(18)]
    [InlineData(0)]
    public void A_login_that_fails_or_breaks_off_gives_up_the_pool(int code)
    {
        Fail(ErrorStage.Authenticating, code == 0 ? MongoWireErrors.Lost(A, null) : Refusal(code, "no"));
        Seen().ShouldBe((ServerType.Unknown, 1, 0, 1));
    }

    [Fact]
    public void A_server_that_has_too_much_to_do_is_not_given_up()
    {
        Fail(ErrorStage.Authenticating, Refusal(462, "busy", "SystemOverloadedError"));
        Seen().ShouldBe((ServerType.Primary, 0, 0, 0));
    }

    [Theory]
    [InlineData(10107, "", 0)]
    [InlineData(13435, "", 0)]
    [InlineData(13436, "", 0)]
    [InlineData(189, "", 0)]
    [InlineData(11602, "", 0)]
    [InlineData(91, "", 1)]
    [InlineData(11600, "", 1)]
    [InlineData(0, "not master", 0)]
    [InlineData(0, "not master or secondary; cannot currently read from this replSet member", 0)]
    [InlineData(0, "node is recovering", 0)]
    public void A_change_of_state_is_looked_at_and_keeps_the_pool_but_for_a_shutdown(
        int code,
        string message,
        int generation
    )
    {
        Fail(ErrorStage.Established, Refusal(code, message));
        Seen().ShouldBe((ServerType.Unknown, generation, 1, 0));
        _deployment.Topology.Servers[A].Error.ShouldNotBeNull().ShouldContain("refused");
    }

    [Theory]
    [InlineData(1, "not master")]
    [InlineData(50, "node is recovering")]
    [InlineData(0, "something else")]
    public void Any_other_error_of_a_command_changes_nothing(int code, string message)
    {
        Fail(ErrorStage.Established, Refusal(code, message));
        Seen().ShouldBe((ServerType.Primary, 0, 0, 0));
    }

    [Fact]
    public void A_monitor_that_fails_gives_up_the_pool()
    {
        _deployment.Report(ServerDescription.Failed(A, MongoWireErrors.Lost(A, null)));
        Seen().ShouldBe((ServerType.Unknown, 1, 0, 0));
    }

    [Fact]
    public void A_deposed_primary_is_looked_at_and_keeps_its_pool()
    {
        _deployment.Report(Primary(B, version: 2));
        Seen().ShouldBe((ServerType.Unknown, 0, 1, 0));
        _deployment.Topology.Primary!.Address.ShouldBe(B);
    }

    [Fact]
    public void The_monitor_of_a_removed_member_ends_and_its_late_answer_does_not_count()
    {
        var primary = Primary(A, version: 2) with { Hosts = [A] };
        _deployment.Report(primary);
        _monitors[B].IsDisposed.ShouldBeTrue();
        _deployment.Report(Primary(B, version: 3));
        _deployment.Topology.Servers.Keys.ShouldBe([A]);
        _deployment.Topology.Primary!.Address.ShouldBe(A);
    }

    [Fact]
    public void The_pool_of_a_member_that_comes_back_goes_on_counting()
    {
        _deployment.Report(Primary(A, version: 2) with { Hosts = [A] });
        _deployment.Report(Primary(A, version: 3));
        var generation = _deployment.PoolOf(B).Generation;
        generation.ShouldBe(1);
        var stale = MongoWireErrors.Lost(B, null);
        _deployment.Report(Primary(B, version: 4));
        _deployment.HandleError(ApplicationError.Of(B, generation - 1, ErrorStage.Established, stale));
        _deployment.Topology.Servers[B].Type.ShouldBe(ServerType.Primary);
    }

    [Fact]
    public async Task Who_waits_is_woken_by_every_change()
    {
        var (_, changed) = _deployment.Watch();
        changed.IsCompleted.ShouldBeFalse();
        _deployment.Report(Primary(A, version: 1));
        await changed.WaitAsync(TimeSpan.FromSeconds(5));
    }

    /// <summary>What became of member a, generation of its pool, checks asked for, checks given up.</summary>
    private (ServerType Type, int Generation, int Requests, int Cancellations) Seen() =>
        (
            _deployment.Topology.Servers[A].Type,
            _deployment.PoolOf(A).Generation,
            _monitors[A].Requests,
            _monitors[A].Cancellations
        );

    private void Fail(ErrorStage stage, BackupException failure) =>
        _deployment.HandleError(ApplicationError.Of(A, _deployment.PoolOf(A).Generation, stage, failure));

    private static CommandException Refusal(int code, string message, params string[] labels) =>
        MongoWireErrors.Command(A, "find", code, "", message, labels);

    private static ServerDescription Primary(HostAddress address, int version) =>
        new()
        {
            Address = address,
            Type = ServerType.Primary,
            SetName = "rs",
            SetVersion = version,
            ElectionId = $"{version:x24}",
            Hosts = [A, B],
            MaxWireVersion = 8,
        };
}
