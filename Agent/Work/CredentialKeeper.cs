using Backup.Agent.Configuration;
using Backup.Agent.Flow;
using Backup.Agent.Server;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;

namespace Backup.Agent.Work;

/// <summary>Replaces the agent's key when the server asks for it, and its certificate before it ends, while the agent works.</summary>
internal sealed class CredentialKeeper(
    AgentCredentials credentials,
    ServerClient server,
    AgentLog log,
    TimeProvider time
)
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CertificateLook = TimeSpan.FromHours(6);

    private readonly KeyRotation _rotation = new(credentials, server);
    private long? _certificateAsked;

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var backoff = new Backoff(time, TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(5));
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await KeepAsync(cancellation);
                backoff.Reset();
                await Task.Delay(Look, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (BackupException failure)
            {
                log.Error(failure);
                await backoff.WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task KeepAsync(CancellationToken cancellation)
    {
        if (_rotation.IsBegun)
        {
            await _rotation.ResumeAsync(cancellation);
            log.Info("key-replaced", message: "the new API key is in use");
        }
        else if (credentials.RotationWanted)
        {
            await _rotation.RotateAsync(cancellation);
            log.Info("key-replaced", message: "the server asked for it; the new API key is in use");
        }

        if (IsCertificateDue())
        {
            _certificateAsked = time.GetTimestamp();
            await RenewAsync(cancellation);
        }
    }

    private bool IsCertificateDue()
    {
        if (_certificateAsked is { } asked && time.GetElapsedTime(asked) < CertificateLook)
        {
            return false;
        }

        if (credentials.Certificate is not { } certificate)
        {
            return true;
        }

        var (begin, end) = (certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
        return end - time.GetUtcNow().UtcDateTime < (end - begin) / 3;
    }

    private async Task RenewAsync(CancellationToken cancellation)
    {
        using var order = new CertificateOrderMaker();
        try
        {
            var answer = await server.CertificateAsync(order.Request, cancellation);
            // Certificate and private key stand in one file and change together.
            using var hold = await credentials.HoldAsync(cancellation);
            hold.Change(identity =>
                identity with
                {
                    Certificate = answer.Certificate,
                    CertificateKey = order.PrivateKey,
                }
            );
            log.Info("certificate-renewed");
        }
        catch (BackupException off) when (off.Number == ServerRefusals.CertificatesOff)
        {
            // The server works without.
        }
    }
}
