using System.Globalization;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Api;

/// <content>Agents, and what they prove with who they are.</content>
internal sealed partial class ApiClient
{
    private const string Keys = "keys";
    private const string Certificates = "certificates";

    internal Task<List<AgentView>> AgentsAsync(CancellationToken cancellation) =>
        OfGroupsAsync<AgentView>("agents", cancellation);

    internal async Task<TokenView> MakeTokenAsync(double minutes, CancellationToken cancellation)
    {
        var made = await PostAsync<TokenRequest, EnrolmentView>(
            $"{await HomeAsync(cancellation)}/agents/tokens",
            new TokenRequest(minutes),
            cancellation
        );
        return new TokenView(made.Token, made.ExpiresAt, made.Server) { Install = made.Install };
    }

    internal async Task<AgentView> RevokeAgentAsync(string agent, CancellationToken cancellation) =>
        await DeleteAsync<AgentView>(await PathOfAgentAsync(agent, cancellation), cancellation);

    internal async Task<AgentLogView> AgentLogsAsync(
        string agent,
        int lines,
        long? sinceSeconds,
        CancellationToken cancellation
    )
    {
        var since = sinceSeconds is { } seconds ? $"&since={seconds.ToString(CultureInfo.InvariantCulture)}" : "";
        return await GetAsync<AgentLogView>(
            $"{await PathOfAgentAsync(agent, cancellation)}/logs?lines={lines.ToString(CultureInfo.InvariantCulture)}{since}",
            cancellation
        );
    }

    internal Task<List<UpdateView>> BuildsAsync(CancellationToken cancellation) =>
        GetAsync<List<UpdateView>>("/host/agent-builds", cancellation);

    internal Task<UpdateView> OfferBuildAsync(UpdateRequest request, CancellationToken cancellation) =>
        PostAsync<UpdateRequest, UpdateView>("/host/agent-builds", request, cancellation);

    internal Task<List<UpdateView>> WithdrawBuildAsync(string platform, CancellationToken cancellation) =>
        DeleteAsync<List<UpdateView>>($"/host/agent-builds/{Uri.EscapeDataString(platform)}", cancellation);

    internal Task<List<KeyView>> KeysAsync(CancellationToken cancellation) =>
        OfGroupsAsync<KeyView>(Keys, cancellation);

    internal async Task<KeyView> RevokeKeyAsync(string key, CancellationToken cancellation) =>
        await DeleteAsync<KeyView>(await PathOfKeyAsync(key, cancellation), cancellation);

    internal async Task<KeyView> RotateKeyAsync(string key, CancellationToken cancellation) =>
        await PostAsync<KeyView>($"{await PathOfKeyAsync(key, cancellation)}/rotate", cancellation);

    internal Task<List<CertificateView>> CertificatesAsync(CancellationToken cancellation) =>
        OfGroupsAsync<CertificateView>(Certificates, cancellation);

    internal async Task<CertificateView> RevokeCertificateAsync(string certificate, CancellationToken cancellation) =>
        await DeleteAsync<CertificateView>(
            await InGroupsAsync<CertificateView>(
                Certificates,
                one => one.Id == certificate,
                static one => one.Id,
                cancellation
            ) ?? throw CliErrors.NoSuchCertificate(certificate),
            cancellation
        );

    private async Task<string> PathOfKeyAsync(string key, CancellationToken cancellation) =>
        await InGroupsAsync<KeyView>(Keys, one => one.Id == key, static one => one.Id, cancellation)
        ?? throw CliErrors.NoSuchKey(key);

    /// <param name="agent">Its id, or the name of its host where one agent alone has that.</param>
    /// <param name="cancellation">Gives up.</param>
    private async Task<string> PathOfAgentAsync(string agent, CancellationToken cancellation)
    {
        var all = await AgentsAsync(cancellation);
        var named = all.Where(one => one.HostName == agent && !one.Revoked).ToList();
        var id =
            all.Find(one => one.Id == agent)?.Id
            ?? named.Count switch
            {
                1 => named[0].Id,
                0 => throw CliErrors.NoSuchAgent(agent),
                _ => throw CliErrors.SeveralAgents(agent, named.Select(static one => one.Id)),
            };
        return await InGroupsAsync<AgentView>("agents", one => one.Id == id, static one => one.Id, cancellation)
            ?? throw CliErrors.NoSuchAgent(agent);
    }
}
