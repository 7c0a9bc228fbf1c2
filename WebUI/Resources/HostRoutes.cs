using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Resources;

/// <summary>
/// What the owner of the appliance's host alone may do: let people in without an invitation, and give agents a program to run. An account that was taken over
/// must not become all other accounts, nor a program on the hosts of the databases.
/// </summary>
internal sealed class HostRoutes(ApiDesks desks) : IApiPart
{
    public void Map(IEndpointRouteBuilder api)
    {
        // The desk of accounts writes its own records: they name the account.
        api.MapPost("/host/people", AddAsync).WithSummary("Add an account").OfHost();
        api.MapPut("/host/people/{email}/password", SetPasswordAsync)
            .WithSummary("Set the password of an account; all its sessions end")
            .OfHost();
        api.MapPost("/host/setup-token", SetupTokenAsync)
            .WithSummary("A token for the first run; those before it are good for nothing")
            .OfHost(secret: true);
        api.MapGet("/host/agent-builds", Builds).WithSummary("Builds of the agent that agents may take").OfHost();
        api.MapPost("/host/agent-builds", Offer)
            .WithSummary("Offer a build, which lies on the host, to the agents of its platform")
            .OfHost("agent.build.offer");
        api.MapDelete("/host/agent-builds/{platform}", Withdraw)
            .WithSummary("Offer nothing to the agents of a platform any more")
            .OfHost("agent.build.withdraw");
    }

    private Task<UserView> AddAsync(PersonRequest request, CancellationToken cancellation) =>
        desks.Accounts.AddAsync(request, cancellation);

    private Task<SetupTokenView> SetupTokenAsync(CancellationToken cancellation) =>
        desks.Accounts.SetupTokenAsync(cancellation);

    private IReadOnlyList<UpdateView> Builds() => desks.AgentBuilds.List();

    private UpdateView Offer(UpdateRequest request) => desks.AgentBuilds.Offer(request);

    private IReadOnlyList<UpdateView> Withdraw(string platform) => desks.AgentBuilds.Withdraw(platform);

    private Task<UserView> SetPasswordAsync(string email, NewPasswordRequest request, CancellationToken cancellation) =>
        desks.Accounts.SetPasswordAsync(email, request, cancellation);
}
