using Backup.Agent.Server;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;

namespace Backup.Agent.Work;

/// <summary>
/// A lease while it is held: renewed in the background, given back when it is disposed. That the server cannot be reached does not end it: nothing
/// that this agent sends arrives then, and the fencing number decides over what arrives later.
/// </summary>
internal sealed class HeldLease : IAsyncDisposable
{
    /// <summary>An answer that takes longer is asked for anew, over another connection.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan ReleasePatience = TimeSpan.FromSeconds(3);

    private readonly ConfiguredDeployment _deployment;
    private readonly LeaseClaim _claim;
    private readonly ServerClient _server;
    private readonly WorkStatus _status;
    private readonly AgentLog _log;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _renewing = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _over = new();
    private readonly Task _loop;
    private LeaseAnswer _answer;

    public HeldLease(
        ConfiguredDeployment deployment,
        string session,
        LeaseAnswer granted,
        ServerClient server,
        WorkStatus status,
        AgentLog log,
        TimeProvider time
    )
    {
        _deployment = deployment;
        _claim = new LeaseClaim(session, granted.Fence);
        (_server, _status, _log, _time) = (server, status, log, time);
        _answer = granted;
        Over = _over.Token;
        Server = server.Under(granted.Fence!.Value);
        _loop = Task.Run(RenewAsync);
    }

    /// <summary>For what is sent under this lease.</summary>
    public LeasedServer Server { get; }

    /// <summary>Cancelled when another agent has it.</summary>
    public CancellationToken Over { get; }

    /// <summary>Whether another agent waits to take over.</summary>
    public bool HasStandBy => Volatile.Read(ref _answer).StandBys > 0;

    /// <summary>Between two renewals.</summary>
    public TimeSpan Interval => LeaseKeeper.Pause(Volatile.Read(ref _answer));

    /// <summary>Asks the server now whether the lease is still held; <see cref="Over"/> tells.</summary>
    public async Task ConfirmAsync(CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _stop.Token);
        patience.CancelAfter(Patience);
        try
        {
            await _renewing.WaitAsync(patience.Token);
            try
            {
                await AskAsync(patience.Token);
            }
            finally
            {
                _renewing.Release();
            }
        }
        catch (Exception failure) when (failure is BackupException or OperationCanceledException)
        {
            // Asked again soon; heartbeats and slices say what is wrong with the server.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _status.EndWork();
        if (!_over.IsCancellationRequested)
        {
            await ReleaseAsync();
        }

        _stop.Dispose();
        _over.Dispose();
        _renewing.Dispose();
    }

    private async Task RenewAsync()
    {
        while (!_stop.IsCancellationRequested && !_over.IsCancellationRequested)
        {
            await Task.Delay(Interval, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await ConfirmAsync(_stop.Token);
        }
    }

    private async Task AskAsync(CancellationToken cancellation)
    {
        if (_over.IsCancellationRequested)
        {
            return;
        }

        var sentAt = _time.GetTimestamp();
        var answer = await _server.ClaimLeaseAsync(_deployment.Id, _claim, cancellation);
        Volatile.Write(ref _answer, answer);
        if (answer.Fence == _claim.Fence)
        {
            _status.Renewed(sentAt);
            return;
        }

        // A newer grant to this very run is no way to go on either: whoever had it in between has written.
        _log.Info("lease lost", _deployment.Name, $"number {_claim.Fence}; {answer.Holder} has it");
        await _over.CancelAsync();
    }

    private async Task ReleaseAsync()
    {
        using var patience = new CancellationTokenSource(ReleasePatience, _time);
        try
        {
            await _server.ReleaseLeaseAsync(_deployment.Id, _claim, patience.Token);
            _log.Info("lease given back", _deployment.Name, $"number {_claim.Fence}");
        }
        catch (Exception failure) when (failure is BackupException or OperationCanceledException)
        {
            // The server cannot be reached: who stands by gets it after this agent's silence.
        }
    }
}
