/** Names the environment that a request is about; without it the one that the state folder began with. */
export const environmentHeader = 'x-pointsman-environment';
