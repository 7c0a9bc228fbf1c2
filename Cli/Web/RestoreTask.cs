using Backup.Cli.Control;
using Backup.Daemon.Jobs;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.WebUI.Contracts;
using Microsoft.Extensions.Logging;

namespace Backup.Cli.Web;

/// <summary>A restore that this process works on, or has ended and not yet written down.</summary>
internal sealed class RestoreTask : IDisposable
{
    private readonly Func<JobProgress, CancellationToken, Task<RestoreOutcome>> _work;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _cancelled = new();
    private volatile JobRecord _job;

    /// <param name="job">As it begins.</param>
    /// <param name="groupId">Whose it is.</param>
    /// <param name="work">Does it; gives what came of it.</param>
    /// <param name="time">The clock.</param>
    internal RestoreTask(
        JobRecord job,
        string groupId,
        Func<JobProgress, CancellationToken, Task<RestoreOutcome>> work,
        TimeProvider time
    )
    {
        (_job, GroupId, _work, _time) = (job, groupId, work, time);
        Progress = new JobProgress(time);
    }

    internal string Id => _job.Id;

    internal string GroupId { get; }

    internal JobProgress Progress { get; }

    internal bool IsRunning => _job.State == JobState.Running;

    /// <summary>As it is now.</summary>
    internal JobRecord Now
    {
        get
        {
            var (now, report) = (_job, Progress.Now);
            return now with
            {
                Phase = report.Phase,
                Bytes = report.Bytes,
                ExpectedBytes = report.ExpectedBytes,
                BytesPerSecond = now.State == JobState.Running ? report.BytesPerSecond : 0,
                Progress = now.State == JobState.Succeeded ? 1 : report.Share,
            };
        }
    }

    internal Task CancelAsync() => _cancelled.CancelAsync();

    /// <summary>Until it has ended; never fails.</summary>
    /// <param name="logger">For what nobody expected.</param>
    /// <param name="stopping">The appliance stops.</param>
    internal async Task RunAsync(ILogger logger, CancellationToken stopping)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, _cancelled.Token);
        try
        {
            var outcome = await _work(Progress, either.Token);
            Progress.Log("Done");
            End(JobState.Succeeded, null, outcome.ToJson());
        }
        catch (Exception) when (_cancelled.IsCancellationRequested)
        {
            // What breaks because it was told to stop is no failure.
            Progress.Log("Cancelled; what was written stays where it is");
            End(JobState.Cancelled, null, null);
        }
        catch (Exception) when (stopping.IsCancellationRequested)
        {
            Fail(CliErrors.AbandonedRestore());
        }
        catch (Exception failure)
        {
            ControlServer.LogIfUnexpected(logger, failure);
            Fail(failure as BackupException ?? CliErrors.Defect(failure));
        }
    }

    public void Dispose() => _cancelled.Dispose();

    private void Fail(BackupException failure)
    {
        Progress.Log($"{failure.Code} {failure.Message}", isTrouble: true);
        End(JobState.Failed, failure, null);
    }

    private void End(JobState state, BackupException? failure, string? result) =>
        _job = _job with
        {
            State = state,
            FinishedAt = _time.GetUtcNow(),
            Result = result,
            ErrorCode = failure?.Code,
            ErrorMessage = failure?.Message,
            ErrorHint = failure?.Hint,
        };
}

/// <summary>What came of a restore: one of the two.</summary>
/// <param name="Push">Over SSH.</param>
/// <param name="Into">Straight into MongoDB.</param>
internal sealed record RestoreOutcome(PushView? Push = null, TargetView? Into = null)
{
    internal string ToJson() => System.Text.Json.JsonSerializer.Serialize(this, JobKinds.Json);

    internal static RestoreOutcome Read(string? json) =>
        json is null
            ? new RestoreOutcome()
            : System.Text.Json.JsonSerializer.Deserialize<RestoreOutcome>(json, JobKinds.Json)!;
}
