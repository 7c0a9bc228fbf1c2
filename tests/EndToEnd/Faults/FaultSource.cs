using System.Net;
using Backup.Sandbox;
using Backup.Tests.Support;

namespace Backup.Tests.EndToEnd.Faults;

/// <summary>The set of three members that a schedule backs up: the sandbox's, or a real one.</summary>
internal sealed class FaultSource : IAsyncDisposable
{
    private FaultSource(ReplicaSetUnderTest set, JumpingClock? clock)
    {
        Set = set;
        Clock = clock;
        Commands = TestSource.Of(set);
    }

    internal ReplicaSetUnderTest Set { get; }

    /// <summary>Of the sandbox; a real set has the machine's.</summary>
    internal JumpingClock? Clock { get; }

    internal TestSource Commands { get; }

    internal SandboxReplicaSet? Sandbox => (Set as SandboxSet)?.Sandbox;

    /// <param name="address">Where all members listen.</param>
    internal static async Task<FaultSource> SandboxAsync(IPAddress address)
    {
        var clock = new JumpingClock();
        var options = new SandboxOptions
        {
            EndPoint = new IPEndPoint(address, 0),
            KeepHistory = true,
            NoopInterval = TimeSpan.FromSeconds(2),
            // So small that most transactions are chains.
            TransactionEntryBytes = 100,
            Time = clock,
        };
        return new FaultSource(await SandboxSet.StartAsync(options: options), clock);
    }

    internal static async Task<FaultSource> RealAsync() => new(await RealReplicaSet.StartAsync(), clock: null);

    /// <summary>The set ends with it.</summary>
    public ValueTask DisposeAsync() => Commands.DisposeAsync();
}
