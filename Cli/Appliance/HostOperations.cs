using Backup.Foundation.Contracts;
using Backup.Metadata;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Appliance;

/// <summary>What is asked of sources' servers through their agents.</summary>
internal sealed class HostOperations(IMetadataStore metadata, TimeProvider time)
{
    private const int Lines = 100;
    private const int Seconds = 60;
    private const int CatchUpSeconds = 10;
    private static readonly string[] Severities = ["F", "E", "W", "I"];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <param name="deployment">That of one replica set.</param>
    /// <param name="request">What.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="Foundation.Errors.BackupException">9501 out of range, 9651 no answer, 9652 values are not allowed, and what the agent says.</exception>
    internal async Task<IReadOnlyList<HostExcerpt>> LookAsync(
        Deployment deployment,
        HostLookRequest request,
        CancellationToken cancellation
    )
    {
        var lines = request.Lines ?? Lines;
        if (lines is < 0 or > HostLimits.MostLines)
        {
            throw CliErrors.Argument($"{lines} lines cannot be asked for.", $"Give 0 to {HostLimits.MostLines}.");
        }

        if (request.Severity is { } severity && !Severities.Contains(severity))
        {
            throw CliErrors.Argument($"'{severity}' is no severity.", "Give F, E, W or I.");
        }

        if (request.SlowMilliseconds < 1)
        {
            throw CliErrors.Argument("An operation is slow from 1 ms on.", "Give 1 or more.");
        }

        var values = request.Values == true;
        if (values && !(await metadata.HostRequests.SettingsAsync(deployment.Id, cancellation)).ShowsValues)
        {
            throw CliErrors.ValuesNotAllowed(deployment.Name);
        }

        var look = new HostLook(request.Host, lines, request.Severity, request.SlowMilliseconds, values);
        return (await AskAsync(deployment, new HostRequest("", look), cancellation)).Hosts;
    }

    /// <param name="deployment">That of one replica set.</param>
    /// <param name="request">For how long, and that it is meant.</param>
    /// <param name="cancellation">Gives up waiting; what the agent was told it does.</param>
    /// <exception cref="Foundation.Errors.BackupException">9501 out of range, 9650 not allowed, 9651 no answer, 9653 not meant, and what the agent says: 7034 where nobody can take over.</exception>
    internal async Task<StepDownView> StepDownAsync(
        Deployment deployment,
        StepDownRequest request,
        CancellationToken cancellation
    )
    {
        if (!(await metadata.HostRequests.SettingsAsync(deployment.Id, cancellation)).AllowsStepDown)
        {
            throw CliErrors.StepDownNotAllowed(deployment.Name);
        }

        if (request.Deployment != deployment.Name)
        {
            throw CliErrors.NotMeant(deployment.Name);
        }

        var seconds = request.Seconds ?? Seconds;
        if (seconds is < HostLimits.LeastStepDownSeconds or > HostLimits.MostStepDownSeconds)
        {
            throw CliErrors.Argument(
                $"A primary cannot step down for {seconds} seconds.",
                $"Give {HostLimits.LeastStepDownSeconds} to {HostLimits.MostStepDownSeconds}."
            );
        }

        var order = new StepDownOrder(seconds, Math.Min(CatchUpSeconds, seconds));
        var answer = await AskAsync(deployment, new HostRequest("", StepDown: order), cancellation);
        return new StepDownView(answer.Before ?? "", answer.Primary);
    }

    private async Task<HostAnswer> AskAsync(Deployment deployment, HostRequest request, CancellationToken cancellation)
    {
        var answer =
            await metadata.AskHostsAsync(deployment.Id, request, Patience, time, cancellation)
            ?? throw CliErrors.HostsDoNotAnswer(deployment.Name, Patience);
        return answer.Fault is { } fault ? throw CliErrors.OfAgent(fault) : answer;
    }
}
