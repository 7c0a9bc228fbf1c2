using Backup.Agent.Work;
using Backup.Foundation.Errors;

namespace Backup.Agent.Updates;

/// <summary>
/// Of a running agent: confirms a new program at its first heartbeat, takes it back where that does not come; and, where updates are automatic, puts
/// the offered one in place. Ends when another program is to be started.
/// </summary>
internal sealed class UpdateKeeper(
    UpdateTrial trial,
    Updater updater,
    AgentService service,
    AgentLog log,
    TimeProvider time
)
{
    public const string Variable = "BACKUP_AGENT_UPDATES";
    public const string Automatic = "automatic";

    /// <summary>A server that is away for so long during the trial makes the update come later, no more.</summary>
    private static readonly TimeSpan TrialPatience = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);

    /// <summary>A server of another release answers no heartbeat: it is asked all the same now and then.</summary>
    private static readonly TimeSpan UnpromptedLook = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan AfterFailure = TimeSpan.FromMinutes(1);

    /// <summary>True: another program is in place, start it. False: it was cancelled.</summary>
    public async Task<bool> RunAsync(TrialVerdict verdict, bool isAutomatic, CancellationToken cancellation)
    {
        try
        {
            if (verdict == TrialVerdict.OnTrial && !await ProveAsync(cancellation))
            {
                return true;
            }

            return isAutomatic && await FollowAsync(cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>False where it was taken back.</summary>
    private async Task<bool> ProveAsync(CancellationToken cancellation)
    {
        try
        {
            await service.Answered.WaitAsync(TrialPatience, time, cancellation);
            trial.Confirm();
            log.Info("update confirmed");
            return true;
        }
        catch (TimeoutException)
        {
            var isBack = trial.Settle() == TrialVerdict.TakenBack;
            log.Error(AgentErrors.UpdateFailed(isBack));
            return !isBack;
        }
    }

    private async Task<bool> FollowAsync(CancellationToken cancellation)
    {
        var asked = time.GetTimestamp();
        string? told = null;
        while (true)
        {
            await Task.Delay(Look, time, cancellation);
            var offered = service.OfferedVersion;
            if ((offered is null || offered == told) && time.GetElapsedTime(asked) < UnpromptedLook)
            {
                continue;
            }

            asked = time.GetTimestamp();
            try
            {
                if (await updater.CheckAsync(cancellation) is { } offer && !updater.IsRefused(offer))
                {
                    log.Info("update", message: $"to {offer.Version}");
                    await updater.ApplyAsync(offer, cancellation);
                    log.Info("updated", message: $"{offer.Version} is in place; it is to be started");
                    return true;
                }

                told = offered;
            }
            catch (BackupException failure)
            {
                log.Error(failure);
                await Task.Delay(AfterFailure, time, cancellation);
            }
        }
    }
}
