using Backup.WebUI.Contracts;

namespace Backup.WebUI.Desks;

/// <summary>Download links.</summary>
public interface ILinkDesk
{
    /// <summary>What it leads to is opened first: what is wrong with it is said now.</summary>
    Task<CreatedLinkView> CreateAsync(LinkRequest request, CancellationToken cancellation);

    Task<LinkView> ShowAsync(string link, CancellationToken cancellation);

    /// <summary>From now on it opens nothing; a download under way ends.</summary>
    Task<LinkView> RevokeAsync(string link, CancellationToken cancellation);
}
