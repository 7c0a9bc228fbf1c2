using Backup.WebUI.Contracts;

namespace Backup.WebUI.Desks;

/// <summary>Accounts, as the owner of the appliance's host looks after them: the way back in where nobody can log in any more.</summary>
public interface IAccountDesk
{
    /// <summary>A token for the first run; those before it are good for nothing.</summary>
    Task<SetupTokenView> SetupTokenAsync(CancellationToken cancellation);

    Task<UserView> AddAsync(PersonRequest request, CancellationToken cancellation);

    /// <summary>All sessions of the account end.</summary>
    Task<UserView> SetPasswordAsync(string email, NewPasswordRequest request, CancellationToken cancellation);
}

/// <summary>Builds of the agent that are offered to agents, one for each platform.</summary>
public interface IAgentBuildDesk
{
    IReadOnlyList<UpdateView> List();

    /// <summary>In the place of the one before; signed, and never an older one.</summary>
    UpdateView Offer(UpdateRequest request);

    /// <returns>What is left.</returns>
    IReadOnlyList<UpdateView> Withdraw(string platform);
}
