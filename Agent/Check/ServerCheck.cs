using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Backup.Agent.Configuration;
using Backup.Agent.Server;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;

namespace Backup.Agent.Check;

/// <summary>Whether the backup server takes this agent's requests.</summary>
internal static class ServerCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <returns>The configuration too; null where it could not be had.</returns>
    public static async Task<(ServerCheckReport Report, AgentConfiguration? Configuration)> RunAsync(
        AgentCredentials credentials,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var address = credentials.Server;
        var ownDays = DaysLeft(credentials.Certificate, time);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            var days = await CertificateDaysAsync(credentials, time, patience.Token);
            var ahead = await ClockAheadAsync(credentials, time, patience.Token);
            using var client = new ServerClient(credentials, time);
            var configuration = await client.ConfigurationAsync(patience.Token);
            return (
                new ServerCheckReport(
                    address.ToString(),
                    Ok: true,
                    Error: null,
                    AgentProtocol.Version,
                    days,
                    ownDays,
                    ahead
                ),
                configuration
            );
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested)
        {
            var known =
                failure as BackupException
                ?? (
                    failure is HttpRequestException http
                        ? Answers.Translate(address, http)
                        : AgentErrors.Unreachable(address, failure)
                );
            return (
                new ServerCheckReport(
                    address.ToString(),
                    Ok: false,
                    new Fault(known.Code, known.Message, known.Hint),
                    Protocol: null,
                    CertificateDaysLeft: null,
                    ownDays,
                    ClockAheadSeconds: null
                ),
                null
            );
        }
    }

    /// <summary>By a connection of its own, which trusts the CA of the enrolment alone: the others hide their certificates.</summary>
    private static async Task<int?> CertificateDaysAsync(
        AgentCredentials credentials,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var server = credentials.Server;
        using var authority = credentials.Identity.LoadAuthority();
        using var socket = new TcpClient();
        await socket.ConnectAsync(server.Host, server.Port, cancellation);
        await using var tls = new SslStream(socket.GetStream());
        var options = ServerTrust.Handler(authority).SslOptions;
        options.TargetHost = server.Host;
        try
        {
            await tls.AuthenticateAsClientAsync(options, cancellation);
        }
        catch (System.Security.Authentication.AuthenticationException foreign)
        {
            throw AgentErrors.NotTrusted(server, foreign);
        }

        return DaysLeft(tls.RemoteCertificate as X509Certificate2, time);
    }

    /// <summary>By the answer's Date header, which has whole seconds.</summary>
    private static async Task<double?> ClockAheadAsync(
        AgentCredentials credentials,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        using var authority = credentials.Identity.LoadAuthority();
        using var http = new HttpClient(ServerTrust.Handler(authority)) { BaseAddress = credentials.Server };
        var before = time.GetUtcNow();
        using var answer = await http.GetAsync(AgentRoutes.Health, cancellation);
        var middle = before + ((time.GetUtcNow() - before) / 2);
        return answer.Headers.Date is { } date
            ? Math.Round((date + TimeSpan.FromSeconds(0.5) - middle).TotalSeconds, 1)
            : null;
    }

    private static int? DaysLeft(X509Certificate2? certificate, TimeProvider time) =>
        certificate is null
            ? null
            : (int)Math.Floor((certificate.NotAfter.ToUniversalTime() - time.GetUtcNow().UtcDateTime).TotalDays);
}
