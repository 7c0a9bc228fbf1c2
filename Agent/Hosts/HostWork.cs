using Backup.Agent.Source;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;

namespace Backup.Agent.Hosts;

/// <summary>Does what is asked of a source's servers, once, and always has an answer.</summary>
/// <param name="member">What is read from; null: the source is not read now.</param>
/// <param name="time">The clock.</param>
internal sealed class HostWork(SourceMember? member, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);

    public async Task<HostAnswer> DoAsync(HostRequest request, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            return await DoAsync(request, member ?? throw AgentErrors.NotRead(), patience.Token);
        }
        catch (BackupException failure)
        {
            return Failed(request, failure);
        }
        catch (Exception failure)
            when (failure is OperationCanceledException or ObjectDisposedException
                && !cancellation.IsCancellationRequested
            )
        {
            return Failed(request, AgentErrors.NotRead());
        }
    }

    private async Task<HostAnswer> DoAsync(HostRequest request, SourceMember source, CancellationToken cancellation)
    {
        if (request.StepDown is { } order)
        {
            var (before, now) = await new StepDown(source, order, time).RunAsync(cancellation);
            return new HostAnswer(request.Id, [], now, before);
        }

        return new HostAnswer(
            request.Id,
            request.Look is { } look ? await new HostLooker(source, look, time).LookAsync(cancellation) : []
        );
    }

    private static HostAnswer Failed(HostRequest request, BackupException failure) =>
        new(request.Id, [], Fault: new Fault(failure.Code, failure.Message, failure.Hint));
}
