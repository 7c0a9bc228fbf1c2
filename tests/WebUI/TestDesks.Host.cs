using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;

namespace Backup.Tests.WebUI;

/// <content>What is served, and what is for the host alone.</content>
internal sealed partial class TestDesks
{
    public List<ServedView> Served { get; } = [];

    IReadOnlyList<ServedView> IServeDesk.List() => Served;

    public Task<ServedView> StartAsync(ServeRequestView request, CancellationToken cancellation) =>
        Does($"serve {request.Subject} {request.Before} on {request.Address}", ServedOf("made", request.Subject));

    public Task<ServedView> StopAsync(string id) => Does($"serve no more {id}", Served.Single(one => one.Id == id));

    public Task<SetupTokenView> SetupTokenAsync(CancellationToken cancellation) =>
        Does("setup token", new SetupTokenView("token"));

    public Task<UserView> AddAsync(PersonRequest request, CancellationToken cancellation) =>
        Does($"add {request.Email}", UserOf(request.Email));

    public Task<UserView> SetPasswordAsync(string email, NewPasswordRequest request, CancellationToken cancellation) =>
        Does($"password of {email}", UserOf(email));

    public Task<ApplianceView> ApplianceAsync(CancellationToken cancellation) =>
        Task.FromResult(new ApplianceView("1.0.0", Noon, null, [], []));

    /// <summary>What the host adds to a support bundle.</summary>
    public List<SupportFile> Support { get; } = [];

    public IReadOnlyList<SupportFile> SupportFiles() => Support;

    IReadOnlyList<UpdateView> IAgentBuildDesk.List() => [];

    public UpdateView Offer(UpdateRequest request)
    {
        Done.Add($"offer {request.Path}");
        return new UpdateView(request.Version, "linux-x64", "00", 1);
    }

    public IReadOnlyList<UpdateView> Withdraw(string platform)
    {
        Done.Add($"withdraw {platform}");
        return [];
    }

    private static UserView UserOf(string email) => new("id", email, "Name", false, false, false, null, Noon, null);

    public static ServedView ServedOf(string id, string subject) =>
        new(id, "rs0 at noon", "127.0.0.1", 27117, "backup", true, Noon, 0) { Subject = subject };
}
